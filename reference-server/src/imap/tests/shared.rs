//! Mailboxes that belong to nobody.

use super::*;
use crate::config::SharedMailboxConfig;
use crate::mail::{Address, Domain};
use crate::store::{Grant, Rights};

/// `Shared/news`, which alice administers and everybody reads, and `Shared/common`, where everybody may do everything but that.
fn server() -> Server {
    let shared = ["news=alice@example.org:lrswipkxtea,anyone:lr", "common=anyone:lrswipkxte"];
    let shared: Vec<SharedMailboxConfig> = shared.map(|one| one.parse().unwrap()).to_vec();
    let administrators = vec![Address::new("alice", Domain::Name("example.org".to_owned()))];
    let server = Server::made(Config { shared_mailboxes: shared, administrators, ..Config::default() });
    let grant = |identifier: &str, rights| Grant { identifier: identifier.to_owned(), rights: Rights::read(rights).unwrap() };
    server.store.make_shared("news", vec![grant("alice@example.org", "lrswipkxtea"), grant("anyone", "lr")]).unwrap();
    server.store.make_shared("common", vec![grant("anyone", "lrswipkxte")]).unwrap();
    server
}

fn bob(server: &Server) -> Client {
    let mut bob = server.client();
    assert!(bob.says("l LOGIN bob hidden").contains("l OK"));
    bob
}

#[test]
fn they_are_a_namespace_of_their_own() {
    let server = server();
    let mut bob = bob(&server);
    let heard = bob.says("a NAMESPACE");
    assert!(heard.starts_with("* NAMESPACE ((\"\" \"/\")) ((\"Other Users/\" \"/\")) ((\"Shared/\" \"/\"))\r\n"), "{heard}");
    let listed = bob.says("b LIST \"\" Shared*");
    assert!(
        listed.contains("* LIST (\\NoSelect \\HasChildren) \"/\" Shared\r\n") || listed.contains("\"/\" Shared\r\n"),
        "{listed}"
    );
    assert!(listed.contains("\"/\" Shared/common\r\n") && listed.contains("\"/\" Shared/news\r\n"), "{listed}");
    bob.is_answered("c SELECT Shared", "c NO [NONEXISTENT]");
    bob.is_answered("d SELECT Shared/INBOX", "d NO [NONEXISTENT]");
    bob.is_answered("e CREATE Shared/INBOX/x", "e NO [NONEXISTENT]");
    bob.is_answered("f SUBSCRIBE Shared/news", "f OK");
    assert!(bob.says("g LSUB \"\" Shared/%").contains("\"/\" Shared/news\r\n"));
}

#[test]
fn rights_decide_and_everybody_sees_the_same_messages() {
    let server = server();
    let (mut alice, mut bob) = (server.alice(), bob(&server));
    alice.appends("Shared/news", "Subject: today\r\n\r\n");
    let selected = bob.says("a SELECT Shared/news");
    assert!(selected.contains("* 1 EXISTS\r\n") && selected.contains("a OK [READ-ONLY]"), "{selected}");
    bob.is_answered("b APPEND Shared/news {1+}\r\nx", "b NO [NOPERM]");
    bob.is_answered("c COPY 1 Shared/common", "c OK");
    assert!(alice.says("d STATUS Shared/common (MESSAGES)").contains("(MESSAGES 1)"));
    bob.is_answered("e GETACL Shared/news", "e NO [NOPERM]");
    assert!(alice.says("f GETACL Shared/news").contains("anyone lr"));
    alice.is_answered("g SETACL Shared/news bob lrs", "g OK");
    assert!(bob.says("h MYRIGHTS Shared/news").contains("Shared/news lrs\r\n"));
    alice.is_answered("i SETACL Shared/news anyone \"\"", "i OK");
    alice.is_answered("j DELETEACL Shared/news bob", "j OK");
    bob.is_answered("k STATUS Shared/news (MESSAGES)", "k NO [NONEXISTENT]");
    // What has no list is nobody's, and not of those who made the server.
    alice.is_answered("l SETACL Shared/news -alice lr", "l OK");
}

#[test]
fn mailboxes_below_inherit_rights_and_only_administrators_make_the_first_level() {
    let server = server();
    let (mut alice, mut bob) = (server.alice(), bob(&server));
    bob.is_answered("a CREATE Shared/common/below", "a OK");
    assert!(alice.says("b MYRIGHTS Shared/common/below").contains("lrswipkxtecd"));
    bob.is_answered("c CREATE Shared/other", "c NO [NOPERM]");
    bob.is_answered("d CREATE Shared/news/below", "d NO [NOPERM]");
    alice.is_answered("e CREATE Shared/other", "e OK");
    assert!(alice.says("f GETACL Shared/other").contains("alice@example.org lrswipkxteacd"));
    bob.is_answered("g SELECT Shared/other", "g NO [NONEXISTENT]");
    bob.is_answered("h RENAME Shared/common/below mine", "h NO");
    bob.is_answered("i DELETE Shared/common/below", "i OK");
    bob.is_answered("j CREATE Sharedness", "j OK");
}

#[test]
fn they_share_a_quota_root() {
    let server = server();
    let (mut alice, mut bob) = (server.alice(), bob(&server));
    assert!(bob.says("a GETQUOTAROOT Shared/common").starts_with("* QUOTAROOT Shared/common #shared\r\n* QUOTA #shared ()\r\n"));
    bob.is_answered("b SETQUOTA #shared (MESSAGE 1)", "b NO [NOPERM]");
    assert!(alice.says("c SETQUOTA #shared (MESSAGE 1)").contains("c OK"));
    bob.appends("Shared/common", "x");
    bob.is_answered("d APPEND Shared/news {1+}\r\nx", "d NO [NOPERM]");
    bob.is_answered("e APPEND Shared/common {1+}\r\nx", "e NO [OVERQUOTA]");
    bob.appends("INBOX", "x");
}

#[test]
fn without_such_mailboxes_the_name_is_anybodys() {
    let server = Server::new();
    let mut alice = server.alice();
    assert!(alice.says("a NAMESPACE").contains(" NIL\r\n"));
    alice.is_answered("b CREATE Shared/x", "b OK");
    bob(&server).is_answered("c SELECT Shared/x", "c NO [NONEXISTENT]");
}
