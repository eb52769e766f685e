//! `accept:`, `serve:` and `refuse:` of a dialogue: what is said where the server under test opens the connection.

use std::sync::Arc;
use std::time::Duration;

use super::block::Kind;
use super::build::point;
use super::form::{AcceptYaml, CertificateYaml, RepliesYaml, ServeYaml, TlsYaml};
use super::model::*;
use super::problem::{Problem, did_you_mean};
use super::steps::Reader;
use super::template::Template;
use super::yaml::At;
use crate::matching::Pattern;

/// How long a connection may take to come, unless the suite says otherwise: servers look through their queues every few seconds.
const WITHIN: Duration = Duration::from_secs(20);

impl Reader<'_> {
    pub(super) fn accept(&mut self, accept: &AcceptYaml, span: Span) -> Option<Action> {
        let (name, peer) = self.accepted(&accept.name, accept.peer.as_deref(), false, span)?;
        let within = accept.within.as_ref().map_or(WITHIN, |text| self.duration(text, span));
        Some(Action::Accept { name, peer, within, serve: None })
    }

    pub(super) fn serve(&mut self, serve: &ServeYaml, span: Span) -> Option<Action> {
        let (name, peer) = self.accepted(&serve.name, serve.peer.as_deref(), true, span)?;
        let within = serve.within.as_ref().map_or(WITHIN, |text| self.duration(text, span));
        let greeting = serve.greeting.as_ref().and_then(|text| self.reply(text, span));
        let capabilities = serve.capabilities.iter().filter_map(|at| self.template(&at.value, point(at.line, at.column)));
        let capabilities = capabilities.collect();
        let rules = self.rules(&serve.replies);
        let certificate = serve.certificate.map_or(Certificate::default(), Certificate::from);
        Some(Action::Accept { name, peer, within, serve: Some(Arc::new(Serve { greeting, capabilities, rules, certificate })) })
    }

    pub(super) fn peer(&mut self, name: &str, span: Span) -> Option<String> {
        if PEERS.contains(&name) {
            return Some(name.to_owned());
        }
        let problem = Problem::error(self.file, span, format!("no peer is named `{name}`"));
        self.problems.push(match did_you_mean(name, PEERS) {
            Some(meant) => problem.with_hint(format!("did you mean `{meant}`?")),
            None => problem.with_hint(format!("peers are {}", PEERS.join(", "))),
        });
        None
    }

    /// A connection that the harness opened.
    pub(super) fn own(&mut self, name: &str, action: &str, span: Span) -> ConnectionName {
        if let Some(Kind::Accepted { .. }) = self.opened.kinds.get(name) {
            let message = format!("`{action}` is for connections we open; `{name}` is opened by the server under test");
            self.problems.push(Problem::error(self.file, span, message));
        }
        self.connection(name, span)
    }

    /// As client or as server of the handshake, not both.
    pub(super) fn tls_side(&mut self, tls: &TlsYaml, span: Span) {
        let kind = self.opened.kinds.get(&tls.on).copied();
        let wrong = match kind {
            Some(Kind::Opened(_)) if tls.certificate.is_some() => {
                "`certificate` is for accepted connections, where the harness is the server"
            }
            Some(Kind::Accepted { .. }) if tls.inject.is_some() => {
                "`inject` is for connections we open: an accepting server sends nothing between its 220 and the handshake"
            }
            Some(Kind::Accepted { served: true }) => {
                "a served connection goes under TLS by itself when the client says STARTTLS; offer it in `capabilities`"
            }
            _ => return,
        };
        self.problems.push(Problem::error(self.file, span, wrong));
    }

    /// The name of a connection that will be accepted, and the peer it comes to: the one it is named after, or the first.
    fn accepted(&mut self, name: &str, peer: Option<&str>, served: bool, span: Span) -> Option<(ConnectionName, String)> {
        if name.is_empty() {
            let problem = Problem::error(self.file, span, "an accepted connection needs a name");
            self.problems.push(problem.with_hint("`accept: {name: peer}`; its lines are `C[peer]: …` and `S[peer]: …`"));
            return None;
        }
        let peer = match peer {
            Some(peer) => self.peer(peer, span)?,
            None if PEERS.contains(&name) => name.to_owned(),
            None => PEERS.first().map(|peer| (*peer).to_owned())?,
        };
        self.opened.accept(name, served);
        Some((Arc::from(name), peer))
    }

    fn rules(&mut self, replies: &RepliesYaml) -> Vec<Rule> {
        let mut rules = Vec::new();
        for (pattern, replies) in &replies.0 {
            let compiled = self.pattern(pattern);
            let replies = replies.0.iter().filter_map(|at| self.reply(&at.value.0, point(at.line, at.column)));
            let replies: Vec<Template> = replies.collect();
            if let (Some(pattern), false) = (compiled, replies.is_empty()) {
                rules.push(Rule { pattern, replies });
            }
        }
        rules
    }

    fn pattern(&mut self, at: &At<String>) -> Option<Pattern> {
        let lines: Vec<&str> = at.value.lines().collect();
        Pattern::compile_client(&lines)
            .map_err(|error| self.problems.push(Problem::error(self.file, point(at.line, at.column), error.message)))
            .ok()
    }

    /// A reply of one or several lines (RFC 5321 §4.2.1).
    fn reply(&mut self, text: &str, span: Span) -> Option<Template> {
        let text = text.trim_end_matches('\n');
        let count = text.lines().count();
        let first = text.get(..3);
        for (index, line) in text.lines().enumerate() {
            let code = line.get(..3).filter(|code| code.starts_with(['2', '3', '4', '5']) && Some(*code) == first);
            let digits = code.is_some_and(|code| code.bytes().all(|b| b.is_ascii_digit()));
            let behind = line.as_bytes().get(3);
            let separated = if index + 1 < count { behind == Some(&b'-') } else { matches!(behind, None | Some(b' ')) };
            if !digits || !separated {
                let problem = Problem::error(self.file, span, format!("`{line}` is no line of a reply"));
                let hint = "a reply code, a space and text: `450 4.2.0 busy`; all lines but the last with a hyphen, and the same code: `250-a`";
                self.problems.push(problem.with_hint(hint));
                return None;
            }
        }
        if count == 0 {
            let problem = Problem::error(self.file, span, "the reply is empty");
            self.problems.push(problem.with_hint("a reply code, a space and text: `450 4.2.0 busy`"));
            return None;
        }
        self.template(text, span)
    }

    fn template(&mut self, text: &str, span: Span) -> Option<Template> {
        Template::parse(text).map_err(|error| self.problems.push(Problem::error(self.file, span, error.message))).ok()
    }
}

impl From<CertificateYaml> for Certificate {
    fn from(certificate: CertificateYaml) -> Certificate {
        match certificate {
            CertificateYaml::Trusted => Certificate::Trusted,
            CertificateYaml::SelfSigned => Certificate::SelfSigned,
            CertificateYaml::WrongName => Certificate::WrongName,
            CertificateYaml::Expired => Certificate::Expired,
        }
    }
}
