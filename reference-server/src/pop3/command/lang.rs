//! LANG: the languages of texts, and the choice of one (RFC 6856 §3).

use super::{Command, Run, USUAL};
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::pop3::language::Language;
use crate::pop3::reply::Reply;
use crate::pop3::session::Pop3Session;
use crate::pop3::text::Text;
use crate::session::After;

pub(super) const COMMAND: Command = Command {
    keyword: "LANG",
    usage: "LANG [language-range]",
    extension: Some(Extension::Pop3Lang),
    arguments: 0..=1,
    run: Run::Anytime(run),
    ..USUAL
};

fn run(session: &mut Pop3Session, arguments: &[&[u8]], reply: &mut Reply<'_>) -> After {
    let Some(range) = arguments.first() else {
        reply.ok(Text::LanguagesFollow);
        for language in Language::ALL {
            reply.line(format!("{} {}", language.tag(), language.name()).as_bytes());
        }
        reply.end();
        return After::Continue;
    };
    let range = std::str::from_utf8(range).unwrap_or_default();
    let faults = session.site.faults;
    let any = faults.on(Fault::Pop3LangTakesAny).then(Language::default);
    match Language::matching(range).or(any) {
        Some(language) => {
            session.language = language;
            // RFC 6856 §3.2: the exact tag, whatever the range was; and the text is in the language already.
            reply.speak(language, if faults.on(Fault::Pop3LangEchoesRange) { range } else { language.tag() });
        }
        // RFC 6856 §3.2: the language stays what it was.
        None => reply.error(Text::NoSuchLanguage),
    }
    After::Continue
}
