//! The word to stop, for everyone who works in the background.

use tokio::sync::watch;

/// Hears the word; clones hear it too.
#[derive(Clone, Debug)]
pub(crate) struct Stop(watch::Receiver<bool>);

/// Gives the word. Dropping it without a word is a word too.
#[derive(Debug)]
pub(crate) struct StopSender(watch::Sender<bool>);

/// Makes a connected pair.
pub(crate) fn channel() -> (StopSender, Stop) {
    let (sender, receiver) = watch::channel(false);
    (StopSender(sender), Stop(receiver))
}

impl StopSender {
    pub fn send(&self) {
        // Nobody listening means that everything has stopped.
        let _ = self.0.send(true);
    }
}

impl Stop {
    /// Whether to stop.
    pub fn requested(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }

    /// Waits for the word.
    pub async fn wait(&mut self) {
        // An error means that the sender is gone.
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}
