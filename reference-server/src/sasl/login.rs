//! LOGIN, which no RFC specifies: two prompts, two answers.

use super::{Failure, Progress, Side, Surroundings};

#[derive(Default)]
pub(super) struct Login {
    user: Option<String>,
}

impl Side for Login {
    fn opening(&mut self, _: &Surroundings) -> Option<Vec<u8>> {
        Some(b"Username:".to_vec())
    }

    fn message(&mut self, message: &[u8], surroundings: &Surroundings) -> Progress {
        match self.user.take() {
            None => match std::str::from_utf8(message) {
                Ok(user) if !user.is_empty() => {
                    self.user = Some(user.to_owned());
                    Progress::Challenge(b"Password:".to_vec())
                }
                _ => Progress::Done(Err(Failure::Malformed)),
            },
            Some(user) => Progress::Done(surroundings.site.accounts.verify(&user, message).ok_or(Failure::Credentials)),
        }
    }
}
