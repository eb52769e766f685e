//! The scenes: dialogues of every protocol, as they should be and as they should not, with what the server says in them.

use mailspec::outcome::Verdict;

/// What the server says: first the greeting, then one burst after each write of the engine. As client of a peer it says a burst after
/// each write of the engine to it, too.
pub struct Server {
    pub bursts: &'static [&'static str],
    pub client: &'static [&'static str],
    /// It closes when it has said everything.
    pub closes: bool,
}

impl Server {
    const NONE: Server = Server { bursts: &[], client: &[], closes: false };
}

/// A dialogue, its server and what must come of it.
pub struct Scene {
    pub suite: &'static str,
    pub server: Server,
    pub verdict: Verdict,
}

macro_rules! suite {
    ($protocol:literal, $dialogue:literal) => {
        concat!(
            "spec: RFC 5321 §4.2\nprotocol: ",
            $protocol,
            "\ncases:\n  - id: one\n    title: t\n    covers: [rfc5321/4.2/one-reply]\n    dialogue:\n",
            $dialogue
        )
    };
}

/// Pipelined SMTP with a multi-line reply and a capture.
pub const SMTP: Scene = Scene {
    suite: suite!(
        "smtp",
        "      - |\n        C: EHLO client.example\n        S: 250-${_:atom}\n        S: 250 SIZE ${_:number}\n        C: NOOP\n        C: VRFY x\n        C: QUIT\n        S: 250\n        S: 5xx\n        S: 221 ${*}\n      - closed: {within: 5s}\n"
    ),
    server: Server {
        bursts: &[
            "220-fake\\r\\n220 ready\\r\\n",
            "250-fake.example\\r\\n250-PIPELINING\\r\\n250 SIZE 1000\\r\\n",
            "250 ok\\r\\n550-5.1.1 no\\r\\n550 5.1.1 such user\\r\\n221 bye\\r\\n",
        ],
        closes: true,
        ..Server::NONE
    },
    verdict: Verdict::Passed,
};

/// A reply that is none, an answer that differs, and an end in the middle of a line.
pub const SMTP_WRONG: Scene = Scene {
    suite: suite!(
        "smtp",
        "      - |\n        C: NOOP\n        C: VRFY x\n        C: HELP\n        S: 250\n        S: 250\n        S: 214\n"
    ),
    server: Server { bursts: &["220 fake\\r\\n", "250 ok\\n2x0 what\\r\\n2"], closes: true, ..Server::NONE },
    verdict: Verdict::Failed,
};

/// A server that says half of a reply and then nothing.
pub const SMTP_SILENT: Scene = Scene {
    suite: suite!("smtp", "      - |\n        C: NOOP\n        S: 250\n"),
    server: Server { bursts: &["220 fake\\r\\n", "250-one\\r\\n250-tw"], closes: false, ..Server::NONE },
    verdict: Verdict::Failed,
};

/// A line that is too long for the limits.
pub const SMTP_ENDLESS: Scene = Scene {
    suite: suite!("smtp", "      - |\n        C: NOOP\n        S: 250\n"),
    server: Server {
        bursts: &[
            "220 fake\\r\\n",
            "250 xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        ],
        closes: false,
        ..Server::NONE
    },
    verdict: Verdict::Failed,
};

/// Silence that is broken by a reply that arrives in parts.
pub const SMTP_NOISY: Scene = Scene {
    suite: suite!("smtp", "      - |\n        C: NOOP\n        S: 250\n      - silence: 300ms\n"),
    server: Server { bursts: &["220 fake\\r\\n", "250 ok\\r\\n421 too loud\\r\\n"], closes: false, ..Server::NONE },
    verdict: Verdict::Failed,
};

/// The same, and the rest of the reply never comes.
pub const SMTP_MUMBLING: Scene = Scene {
    suite: suite!("smtp", "      - |\n        C: NOOP\n        S: 250\n      - silence: 300ms\n"),
    server: Server { bursts: &["220 fake\\r\\n", "250 ok\\r\\n421 too"], closes: false, ..Server::NONE },
    verdict: Verdict::Failed,
};

/// A POP3 session with bodies, dot-stuffing, pipelining and a login on the way.
pub const POP3: Scene = Scene {
    suite: suite!(
        "pop3",
        "      - |\n        C: USER ${alice.login}\n        S: +OK\n        C: PASS ${alice.password}\n        S: +OK\n        C: STAT\n        C: LIST\n        C: RETR 1\n        S: +OK 1 ${octets:number}\n        S: +OK\n        S: 1 ${octets}\n        S: .\n        S: +OK\n        S: .dot\n        S: ...\n        S: .\n        C: CAPA\n        S: +OK\n        S: UIDL\n        S: .\n"
    ),
    server: Server {
        bursts: &[
            "+OK fake <1.2@example>\\r\\n",
            "+OK\\r\\n",
            "+OK in\\r\\n",
            "+OK 1 120\\r\\n+OK\\r\\n1 120\\r\\n.\\r\\n+OK\\r\\n..dot\\r\\n\\r\\n..\\r\\nend\\r\\n.\\r\\n",
            "+OK\\r\\nTOP\\r\\nUIDL\\r\\nSASL PLAIN\\r\\n.\\r\\n",
        ],
        closes: false,
        ..Server::NONE
    },
    verdict: Verdict::Passed,
};

/// A POP3 body that ends with the connection.
pub const POP3_CUT: Scene = Scene {
    suite: suite!("pop3", "      - |\n        C: RETR 1\n        S: +OK\n        S: ...\n        S: .\n"),
    server: Server { bursts: &["+OK fake\\r\\n", "+OK\\r\\nFrom: a\\r\\n\\r\\nhal"], closes: true, ..Server::NONE },
    verdict: Verdict::Failed,
};

/// IMAP with literals, lists, unsolicited data between exchanges, pipelining and IDLE.
pub const IMAP: Scene = Scene {
    suite: suite!(
        "imap",
        "      - |\n        C: a1 LOGIN ${alice.login} ${alice.password}\n        S: a1 OK\n        C: a2 SELECT INBOX\n        S: * ${count:number} EXISTS\n        S: * OK [UIDVALIDITY ${validity:number}]\n        S: a2 OK\n        C: a3 FETCH 1 (UID BODY[])\n        C: a4 NOOP\n        S: * 1 FETCH (UID ${uid:number} BODY[] \"ab\\\"c\")\n        S? * 4 EXISTS\n        S! * 1 EXPUNGE\n        S: a3 OK\n        S: a4 OK\n        C: a5 APPEND INBOX ${literal:\"hello\"}\n        S: a5 OK [APPENDUID ${validity} ${_:number}]\n        C: a6 IDLE\n        S: +\n      - |\n        S: * 5 EXISTS\n      - |\n        C: DONE\n        S: a6 OK\n"
    ),
    server: Server {
        bursts: &[
            "* OK [CAPABILITY IMAP4rev1 IDLE] fake\\r\\n",
            "* CAPABILITY IMAP4rev1\\r\\na1 OK in\\r\\n",
            "* FLAGS (\\\\Seen \\\\Deleted)\\r\\n* 3 EXISTS\\r\\n* 0 RECENT\\r\\n* OK [UIDVALIDITY 77] ok\\r\\na2 OK [READ-WRITE] in\\r\\n* 4 EXISTS\\r\\n",
            "* 1 FETCH (FLAGS (\\\\Seen) BODY[] {4}\\r\\nab\"c UID 12)\\r\\na4 OK first\\r\\na3 OK done\\r\\n",
            "+ go on\\r\\n",
            "* 4 EXISTS\\r\\na5 OK [APPENDUID 77 13] done\\r\\n",
            "+ idling\\r\\n* 5 EXISTS\\r\\n* 1 RECENT\\r\\n",
            "a6 OK done\\r\\n",
        ],
        closes: false,
        ..Server::NONE
    },
    verdict: Verdict::Passed,
};

/// A literal the server refuses, a forbidden line, a value that differs, and a response that no grammar accepts.
pub const IMAP_WRONG: Scene = Scene {
    suite: suite!(
        "imap",
        "      - |\n        C: a1 FETCH 1 (UID BODY[])\n        S: * 1 FETCH (UID 12 BODY[] \"abcdef\")\n        S! * 2 EXPUNGE\n        S: * SEARCH 1 2\n        S: a1 OK\n"
    ),
    server: Server {
        bursts: &[
            "* PREAUTH fake\\r\\n",
            "* 1 FETCH (UID 13 BODY[] {6}\\r\\n)\\r\\n\\r\\n {)\\r\\n* 2 EXPUNGE\\r\\n* SEARCH 2 3\\r\\n* 1 FETCH (((\\r\\na1 OK done\\r\\n",
        ],
        closes: false,
        ..Server::NONE
    },
    verdict: Verdict::Failed,
};

/// A literal larger than the limits, announced and then begun.
pub const IMAP_HUGE: Scene = Scene {
    suite: suite!("imap", "      - |\n        C: a1 FETCH 1 BODY[]\n        S: a1 OK\n"),
    server: Server { bursts: &["* OK fake\\r\\n", "* 1 FETCH (BODY[] {200000}\\r\\nabcdefgh"], closes: false, ..Server::NONE },
    verdict: Verdict::Failed,
};

/// A set-up that the server refuses.
pub const BLOCKED: Scene = Scene {
    suite: concat!(
        "spec: x\nprotocol: imap\nstart: authenticated\ncases:\n  - id: one\n    title: t\n    covers: [rfc5321/4.2/one-reply]\n",
        "    dialogue: |\n      C: a1 NOOP\n      S: a1 OK\n"
    ),
    server: Server {
        bursts: &["* OK fake\\r\\n", "* CAPABILITY IMAP4rev1\\r\\nstart1 NO not you\\r\\n"],
        closes: false,
        ..Server::NONE
    },
    verdict: Verdict::Blocked,
};

/// The server under test is the client: every reply in the dialogue, a message with dots, pipelining, and chunks.
pub const PEER_LINES: Scene = Scene {
    suite: suite!(
        "smtp",
        "      - |\n        C: NOOP\n        S: 250\n      - accept: {name: peer}\n      - |\n        S[peer]: 220 ${peer.domain} ESMTP\n        C[peer]: EHLO ${_}\n        S[peer]: 250-${peer.domain}\n        S[peer]: 250 PIPELINING\n        C[peer]: MAIL FROM:<a@example.org> SIZE=${octets:number} BODY=7BIT\n        C[peer]: RCPT TO:<\"b c\"@${peer.domain}>\n        C[peer]: DATA\n        S[peer]: 250\n        S[peer]: 250\n        S[peer]: 354\n        C[peer]! ...\n        C[peer]! nowhere\n        C[peer]! ...\n        C[peer]! .\n        C[peer]: Received: ${*}\n        C[peer]: ...\n        C[peer]: .dot\n        C[peer]: ${_:/\\x2e/}\n        C[peer]: end\n        C[peer]: .\n        S[peer]: 250\n        C[peer]? RSET\n        C[peer]: MAIL FROM:<>\n        C[peer]: RCPT\n        S[peer]: 250\n        S[peer]: 250\n        C[peer]: BDAT 5\n        C[peer]: BDAT ${octets} LAST\n        C[peer]: ab\n        C[peer]: c${_}\n        C[peer]: ${_:/.\\n/}\n        C[peer]: .\n        S[peer]: 250\n        S[peer]: 250\n        C[peer]: exact: QUIT\n        S[peer]: 221\n      - closed: {on: peer}\n"
    ),
    server: Server {
        bursts: &["220 fake\\r\\n", "250 ok\\r\\n"],
        client: &[
            "ehlo fake.example\\r\\n",
            "MAIL FROM:<a@example.org> BODY=7BIT X=y size=8\\r\\nRCPT TO:<\"b c\"@peer1.example>\\r\\nDATA\\r\\n",
            "Received: from x\\r\\n\\ty\\r\\n\\r\\n..dot\\r\\n..\\r\\nend\\r\\n.\\r\\nRSET\\r\\nMAIL FROM:<>\\r\\nRCPT TO:<x@y>\\r\\n",
            "BDAT 5\\r\\nab\\r\\ncBDAT 8 LAST\\r\\nBDAT\\r\\n.\\nQUIT\\r\\n",
            "",
        ],
        closes: true,
    },
    verdict: Verdict::Passed,
};

/// The same with answers of the harness's own, TLS, a recipient that waits, and a client that begins again.
pub const PEER_SERVED: Scene = Scene {
    suite: suite!(
        "smtp",
        "      - serve:\n          name: peer\n          capabilities: [PIPELINING, STARTTLS]\n          replies:\n            \"RCPT TO:<b@${peer.domain}>\": [450 4.2.0 busy, 250]\n            \".\": 250 2.0.0 kept\n      - |\n        C[peer]: EHLO ${_}\n        C[peer]: STARTTLS\n        C[peer]: EHLO ${_}\n        C[peer]: MAIL FROM:<a@example.org>\n        C[peer]: RCPT TO:<b@${peer.domain}>\n        C[peer]: RCPT TO:<c@${peer.domain}>\n        C[peer]: DATA\n        C[peer]: ${first}\n        C[peer]: .\n        C[peer]: MAIL FROM:<a@example.org>\n      - |\n        C[peer]: RCPT TO:<b@${peer.domain}>\n        C[peer]: DATA\n        C[peer]: ${first}\n        C[peer]: .\n        C[peer]: QUIT\n      - closed: {on: peer}\n"
    ),
    server: Server {
        bursts: &["220 fake\\r\\n", "250 ok\\r\\n"],
        client: &[
            "EHLO fake\\r\\n",
            "STARTTLS\\r\\n",
            "EHLO fake\\r\\n",
            "MAIL FROM:<a@example.org>\\r\\nRCPT TO:<b@peer1.example>\\r\\nRCPT TO:<c@peer1.example>\\r\\nDATA\\r\\n",
            "",
            "",
            "",
            "hello\\r\\n.\\r\\nMAIL FROM:<a@example.org>\\r\\nRCPT TO:<b@peer1.example>\\r\\n",
            "",
            "",
            "DATA\\r\\n",
            "hello\\r\\n.\\r\\n",
            "QUIT\\r\\n",
        ],
        ..Server::NONE
    },
    verdict: Verdict::Passed,
};

/// A message with bare line feeds, in the middle of which a dot ends nothing, then another command than expected.
pub const PEER_WRONG: Scene = Scene {
    suite: suite!(
        "smtp",
        "      - accept: {name: peer}\n      - |\n        S[peer]: 220 x\n        C[peer]: EHLO\n        S[peer]: 250 x\n        C[peer]: DATA\n        S[peer]: 354 go\n        C[peer]: a\n        C[peer]: .\n        C[peer]: QUIT\n"
    ),
    server: Server {
        bursts: &["220 fake\\r\\n"],
        client: &["EHLO x\\r\\n", "DATA\\r\\n", "a\\n.\\r\\nb\\r\\n.\\r\\nRSET now\\r\\nhal"],
        closes: true,
    },
    verdict: Verdict::Failed,
};

/// A client that goes away in the middle of a message.
pub const PEER_CUT: Scene = Scene {
    suite: suite!(
        "smtp",
        "      - serve: {name: peer}\n      - |\n        C[peer]: EHLO\n        C[peer]: MAIL\n        C[peer]: RCPT\n        C[peer]: DATA\n        C[peer]: .\n"
    ),
    server: Server {
        bursts: &["220 fake\\r\\n"],
        client: &["EHLO x\\r\\n", "MAIL FROM:<>\\r\\n", "RCPT TO:<a@b>\\r\\n", "DATA\\r\\n", "Subject: x\\r\\n\\r\\nhal"],
        closes: true,
    },
    verdict: Verdict::Failed,
};

pub const SCENES: [&Scene; 16] = [
    &SMTP,
    &SMTP_WRONG,
    &SMTP_SILENT,
    &SMTP_ENDLESS,
    &SMTP_NOISY,
    &SMTP_MUMBLING,
    &POP3,
    &POP3_CUT,
    &IMAP,
    &IMAP_WRONG,
    &IMAP_HUGE,
    &BLOCKED,
    &PEER_LINES,
    &PEER_SERVED,
    &PEER_WRONG,
    &PEER_CUT,
];
