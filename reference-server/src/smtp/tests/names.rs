//! Addresses in UTF-8 (RFC 6531), and those that stand for others.

use super::*;

#[test]
fn utf8_needs_its_parameter() {
    check("MAIL FROM:<j\u{f6}rg@x.org>\nMAIL FROM:<a@b\u{fc}cher.example>\n", &["550 5.6.7", "550 5.6.7"]);
    check("MAIL FROM:<j\u{f6}rg@b\u{fc}cher.example> smtputf8\nRCPT TO:<j\u{f6}rg@example.org>\n", &["250 2.1.0", "250 2.1.5"]);
    check("MAIL FROM:<a@b.org>\nRCPT TO:<j\u{f6}rg@example.org>\n", &["250", "553 5.6.7"]);
    check("MAIL FROM:<> SMTPUTF8=1\nMAIL FROM:<a@B\u{dc}CHER.example> SMTPUTF8\n", &["501 5.5.4", "501 5.1.7"]);
    check("EHLO b\u{fc}cher.example\nN\u{d6}\u{d6}P\nNOOP \u{fc}\n", &["501 5.5.2"; 3]);
}

#[test]
fn both_forms_of_a_domain_are_one() {
    let to = |address: &str| format!("MAIL FROM:<> SMTPUTF8\nRCPT TO:<{address}>\n");
    for address in ["postmaster@b\u{fc}cher.example", "postmaster@XN--BCHER-KVA.example"] {
        // Its own domain, which has no account and so no postmaster.
        check(&to(address), &["250", "550 5.1.1"]);
    }
}

#[test]
fn replies_have_utf8_only_for_who_asks() {
    check("VRFY j\u{f6}rg\nVRFY j\u{f6}rg SMTPUTF8\n", &["252 2.6.8", "250 2.1.5 <j\u{f6}rg@example.org>"]);
    check("EXPN news\nEXPN news smtputf8\n", &["252 2.6.8", "250-2.1.5 <bob@example.org>", "250 2.1.5 <j\u{f6}rg@example.org>"]);
    check("VRFY nobody SMTPUTF8\nVRFY alice SMTPUTF8\n", &["550 5.1.1", "250 2.1.5 <alice@example.org>"]);
}

#[test]
fn aliases_are_verified_and_expanded() {
    check("VRFY team\nVRFY <Team@example.org>\n", &["250 2.1.5 <team@example.org>"; 2]);
    check(
        "EXPN team@example.org\n",
        &["250-2.1.5 <alice@example.org>", "250-2.1.5 <bob@example.org>", "250 2.1.5 <a@elsewhere.example>"],
    );
    check("MAIL FROM:<>\nRCPT TO:<team@example.org>\nRCPT TO:<news@example.org>\n", &["250"; 3]);
}
