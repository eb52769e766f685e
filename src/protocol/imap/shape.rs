//! The shapes of the untagged responses the base specification names (RFC 9051 §7): a FLAGS response without a list is no
//! response at all. What is not named here may have any values.

use super::Value;

/// What the values of a response lack; nothing when their shape is right.
pub(super) fn check(name: &str, values: &[Value]) -> Result<(), String> {
    match name {
        "FLAGS" => match values {
            [Value::List(flags)] if flags.iter().all(is_atom) => Ok(()),
            _ => Err("expected one list of flags behind FLAGS".into()),
        },
        "LIST" | "LSUB" => match values {
            [Value::List(attributes), delimiter, mailbox, rest @ ..] => {
                // A delimiter is one character, which RFC 9051 §9 limits to a quoted one.
                let delimiter_fits = match delimiter {
                    Value::Nil => true,
                    Value::Quoted(text) => text.len() == 1,
                    _ => false,
                };
                if !attributes.iter().all(is_atom) {
                    Err(format!("expected a list of attributes behind {name}"))
                } else if !delimiter_fits {
                    Err(format!("expected NIL or one quoted character as the hierarchy delimiter of {name}"))
                } else if !is_mailbox(mailbox) {
                    Err(format!("expected a mailbox name as the third value of {name}"))
                } else if !matches!(rest, [] | [Value::List(_)]) {
                    Err(format!("expected the end of the line behind the mailbox name of {name}"))
                } else {
                    Ok(())
                }
            }
            _ => Err(format!("expected attributes, hierarchy delimiter and mailbox name behind {name}")),
        },
        "STATUS" => match values {
            [mailbox, Value::List(items)] if is_mailbox(mailbox) && are_pairs(items) => Ok(()),
            _ => Err("expected a mailbox name and a list of names and values behind STATUS".into()),
        },
        "SEARCH" | "SORT" => {
            let numbers = match values {
                // RFC 7162 §3.1.5: (MODSEQ n) may stand behind the numbers.
                [numbers @ .., Value::List(_)] => numbers,
                numbers => numbers,
            };
            match numbers.iter().all(|value| value.number().is_some()) {
                true => Ok(()),
                false => Err(format!("expected nothing but numbers behind {name}")),
            }
        }
        "THREAD" => match values.iter().all(is_thread) {
            true => Ok(()),
            false => {
                Err("expected threads behind THREAD: numbers in parentheses, with none or several threads behind them".into())
            }
        },
        "CAPABILITY" if values.is_empty() => Err("expected capabilities behind CAPABILITY".into()),
        "CAPABILITY" | "ENABLED" => match values.iter().all(is_atom) {
            true => Ok(()),
            false => Err(format!("expected nothing but atoms behind {name}")),
        },
        "ESEARCH" => {
            let rest = match values {
                [Value::List(_), rest @ ..] => rest,
                rest => rest,
            };
            let rest = match rest {
                [Value::Atom(uid), rest @ ..] if uid.eq_ignore_ascii_case(b"UID") => rest,
                rest => rest,
            };
            match are_pairs(rest) {
                true => Ok(()),
                false => Err("expected pairs of a name and a value behind ESEARCH".into()),
            }
        }
        "NAMESPACE" => match values {
            [_, _, _] if values.iter().all(|value| matches!(value, Value::Nil | Value::List(_))) => Ok(()),
            _ => Err("expected three namespaces, each NIL or a list, behind NAMESPACE".into()),
        },
        "ID" => match values {
            [Value::Nil] => Ok(()),
            [Value::List(fields)] if fields.len().is_multiple_of(2) => Ok(()),
            _ => Err("expected NIL or a list of fields and values behind ID".into()),
        },
        _ => Ok(()),
    }
}

/// `thread-list = "(" (thread-members / thread-nested) ")"` (RFC 5256 §5): a thread splits into two or more, or not at all.
fn is_thread(value: &Value) -> bool {
    let Value::List(members) = value else { return false };
    let numbers = members.iter().take_while(|member| member.number().is_some_and(|number| number > 0)).count();
    let nested = members.get(numbers..).unwrap_or_default();
    (numbers > 0 || !nested.is_empty()) && nested.len() != 1 && nested.iter().all(is_thread)
}

fn is_atom(value: &Value) -> bool {
    matches!(value, Value::Atom(_))
}

/// A mailbox name is an `astring`; the atom NIL is one too (RFC 9051 §9 does not except it).
fn is_mailbox(value: &Value) -> bool {
    !matches!(value, Value::List(_))
}

fn are_pairs(items: &[Value]) -> bool {
    items.len().is_multiple_of(2) && items.iter().step_by(2).all(is_atom)
}
