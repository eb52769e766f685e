//! The texts behind `+OK` and `-ERR`, in every language of the server.

use super::language::Language;

/// Messages, counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Messages(pub(super) usize);

/// A value in a text.
trait Said {
    fn said_in(&self, language: Language) -> String;
}

impl Said for Messages {
    fn said_in(&self, language: Language) -> String {
        let (one, many, singular) = match language {
            Language::English => ("message", "messages", self.0 == 1),
            Language::German => ("Nachricht", "Nachrichten", self.0 == 1),
            Language::French => ("message", "messages", self.0 <= 1),
        };
        format!("{} {}", self.0, if singular { one } else { many })
    }
}

macro_rules! said_as_it_is {
    ($($kind:ty),*) => {
        $(impl Said for $kind {
            fn said_in(&self, _language: Language) -> String {
                self.to_string()
            }
        })*
    };
}

said_as_it_is!(u64, usize, &'static str);

macro_rules! texts {
    ($($text:ident $(($($value:ident: $kind:ty),+))? = $english:literal, $german:literal, $french:literal;)*) => {
        /// Something to tell a person.
        #[derive(Clone, Copy, Debug)]
        pub(super) enum Text {
            $(#[doc = $english] $text $(($($kind),+))?,)*
        }

        impl Text {
            /// The text; what it speaks of is put in.
            pub(super) fn in_language(self, language: Language) -> String {
                match self {
                    $(Text::$text $(($($value),+))? => {
                        $($(let $value = $value.said_in(language);)+)?
                        match language {
                            Language::English => format!($english),
                            Language::German => format!($german),
                            Language::French => format!($french),
                        }
                    })*
                }
            }

            /// One of each, for tests of all.
            #[cfg(test)]
            fn templates() -> impl Iterator<Item = [&'static str; 3]> {
                [$([$english, $german, $french],)*].into_iter()
            }
        }
    };
}

texts! {
    // The session.
    NoRoom = "no more connections are taken now", "zurzeit werden keine weiteren Verbindungen angenommen", "aucune autre connexion n'est acceptée pour le moment";
    NoSuchCommand = "there is no such command", "diesen Befehl gibt es nicht", "cette commande n'existe pas";
    WriteItAs(usage: &'static str) = "write it as {usage}", "man schreibt {usage}", "cela s'écrit {usage}";
    BeforeLoginOnly = "this is only possible before the login", "das geht nur vor der Anmeldung", "cela n'est possible qu'avant l'identification";
    LogInFirst = "log in first", "melden Sie sich zuerst an", "identifiez-vous d'abord";
    LineTooLong = "the line is too long", "die Zeile ist zu lang", "la ligne est trop longue";
    LineEndless = "the line does not end", "die Zeile endet nicht", "la ligne ne se termine pas";
    GoodBye = "good-bye", "auf Wiedersehen", "au revoir";
    GoodByeLeft(messages: Messages) = "good-bye, {messages} left", "auf Wiedersehen, es bleiben {messages}", "au revoir, il reste {messages}";
    NotRemoved = "the deleted messages were not removed", "die gelöschten Nachrichten wurden nicht entfernt", "les messages supprimés n'ont pas été enlevés";
    // Login.
    Maildrop(messages: Messages, octets: u64) = "maildrop has {messages} ({octets} octets)", "im Postfach: {messages} ({octets} Oktette)", "la boîte contient {messages} ({octets} octets)";
    InUse = "another session has this maildrop open", "eine andere Sitzung hat dieses Postfach offen", "une autre session a ouvert cette boîte";
    TooSoon(seconds: u64) = "you logged in a short while ago; wait for {seconds} s", "die letzte Anmeldung ist noch nicht lange her; warten Sie {seconds} s", "la dernière identification est trop récente ; attendez {seconds} s";
    MaildropNotNow = "the maildrop cannot be opened now", "das Postfach lässt sich jetzt nicht öffnen", "la boîte ne peut pas être ouverte pour le moment";
    MaildropDamaged = "the maildrop cannot be opened; tell your postmaster", "das Postfach lässt sich nicht öffnen; sagen Sie es Ihrem Postmaster", "la boîte ne peut pas être ouverte ; prévenez votre postmaster";
    NowThePassword = "now the password", "nun das Passwort", "maintenant le mot de passe";
    PassAfterUser = "PASS comes after USER", "auf USER folgt PASS", "PASS vient après USER";
    UserBeforePass = "USER comes immediately before PASS", "unmittelbar vor PASS kommt USER", "USER vient immédiatement avant PASS";
    MalformedName = "this cannot be a name (RFC 4013 section 2.3)", "das kann kein Name sein (RFC 4013 Abschnitt 2.3)", "ceci ne peut pas être un nom (RFC 4013 section 2.3)";
    NameOrPassword = "name or password is wrong", "Name oder Passwort ist falsch", "le nom ou le mot de passe est faux";
    NameOrDigest = "name or digest is wrong", "Name oder Prüfsumme ist falsch", "le nom ou l'empreinte est faux";
    NoTimestamp = "APOP is not possible here: the greeting has no timestamp", "APOP geht hier nicht: die Begrüßung hat keinen Zeitstempel", "APOP est impossible ici : la salutation n'a pas d'horodatage";
    DigestForm = "a digest is 32 hexadecimal digits in lower case", "eine Prüfsumme hat 32 Hexadezimalziffern in Kleinbuchstaben", "une empreinte a 32 chiffres hexadécimaux en minuscules";
    NeedsTls = "passwords need TLS here: give STLS first", "Passwörter brauchen hier TLS: zuerst STLS", "les mots de passe exigent TLS ici : d'abord STLS";
    NoSuchMechanism = "there is no such mechanism", "diesen Mechanismus gibt es nicht", "ce mécanisme n'existe pas";
    InitialNotBase64 = "the initial response is not base64", "die erste Antwort ist nicht Base64", "la réponse initiale n'est pas en base64";
    NotBase64 = "the response is not base64", "die Antwort ist nicht Base64", "la réponse n'est pas en base64";
    Cancelled = "the authentication was cancelled", "die Anmeldung wurde abgebrochen", "l'identification a été abandonnée";
    OtherMechanism = "the response is not one of this mechanism", "die Antwort gehört nicht zu diesem Mechanismus", "la réponse n'est pas de ce mécanisme";
    MayNotAct = "you may not act for that user", "Sie dürfen nicht für diesen Benutzer handeln", "vous ne pouvez pas agir pour cet utilisateur";
    ChannelBinding = "the channel binding does not hold", "die Bindung an den Kanal stimmt nicht", "la liaison au canal ne tient pas";
    NotNow = "the authentication cannot be done now", "die Anmeldung ist jetzt nicht möglich", "l'identification est impossible pour le moment";
    // TLS, UTF-8, languages, capabilities.
    BeginTls = "begin the TLS handshake", "beginnen Sie mit TLS", "commencez la négociation TLS";
    TlsIsOn = "TLS is active already", "TLS ist schon aktiv", "TLS est déjà actif";
    StlsBeforeUtf8 = "STLS comes before UTF8", "STLS kommt vor UTF8", "STLS vient avant UTF8";
    Utf8Mode = "UTF-8 from here on", "ab hier UTF-8", "désormais en UTF-8";
    LanguagesFollow = "languages follow", "es folgen die Sprachen", "voici les langues";
    LanguageChosen = "this is English", "es geht auf Deutsch weiter", "la suite est en français";
    NoSuchLanguage = "texts are not written in that language; LANG shows those there are", "in dieser Sprache gibt es keine Texte; LANG zeigt die vorhandenen", "il n'y a pas de textes dans cette langue ; LANG montre celles qui existent";
    CapabilitiesFollow = "capabilities follow", "es folgen die Fähigkeiten", "voici les capacités";
    // The maildrop.
    Totals(messages: Messages, octets: u64) = "{messages} ({octets} octets)", "{messages} ({octets} Oktette)", "{messages} ({octets} octets)";
    Octets(octets: u64) = "{octets} octets", "{octets} Oktette", "{octets} octets";
    TopFollows = "top of message follows", "es folgt der Anfang der Nachricht", "voici le début du message";
    UniqueIdsFollow = "unique-ids follow", "es folgen die Kennungen", "voici les identifiants";
    Deleted(number: usize) = "message {number} deleted", "Nachricht {number} gelöscht", "message {number} supprimé";
    NumberForm = "a message-number is decimal digits", "eine Nachrichtennummer besteht aus Dezimalziffern", "un numéro de message se compose de chiffres décimaux";
    LinesForm = "a number of lines is decimal digits", "eine Zeilenzahl besteht aus Dezimalziffern", "un nombre de lignes se compose de chiffres décimaux";
    NoSuchMessage(left: usize) = "no such message; {left} can be read", "diese Nachricht gibt es nicht; zu lesen sind {left}", "ce message n'existe pas ; {left} peuvent être lus";
    NeedsUtf8 = "this message has text in UTF-8: give UTF8 before the login", "diese Nachricht hat Text in UTF-8: geben Sie vor der Anmeldung UTF8", "ce message contient du texte en UTF-8 : donnez UTF8 avant l'identification";
    UnreadableNow = "the message cannot be read now", "die Nachricht lässt sich jetzt nicht lesen", "le message ne peut pas être lu pour le moment";
    Unreadable = "the message cannot be read; tell your postmaster", "die Nachricht lässt sich nicht lesen; sagen Sie es Ihrem Postmaster", "le message ne peut pas être lu ; prévenez votre postmaster";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_counted_as_each_language_does() {
        let said = |count, language| Text::GoodByeLeft(Messages(count)).in_language(language);
        assert_eq!(said(1, Language::English), "good-bye, 1 message left");
        assert_eq!(said(0, Language::German), "auf Wiedersehen, es bleiben 0 Nachrichten");
        assert_eq!(said(0, Language::French), "au revoir, il reste 0 message");
        assert_eq!(Text::Maildrop(Messages(2), 63).in_language(Language::German), "im Postfach: 2 Nachrichten (63 Oktette)");
    }

    #[test]
    fn no_text_breaks_a_response() {
        for [english, german, french] in Text::templates() {
            // RFC 1939 §3: ASCII, before the client chooses a language; RFC 2449 §4: 512 octets, values included; RFC 2449 §6.4: a
            // bracket in front would be a response code.
            assert!(english.is_ascii(), "{english}");
            for text in [english, german, french] {
                assert!(text.len() < 300 && !text.starts_with('[') && !text.contains(char::is_control), "{text}");
            }
            assert!(english != french && english != german || english.starts_with('{'), "{english}");
        }
    }
}
