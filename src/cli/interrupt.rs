//! Being asked to end: Ctrl-C in a terminal, SIGTERM from whatever runs a job. A run that hears it finishes with a partial report and
//! stops the target it started.

/// Resolves when the program is asked to end; never where that cannot be heard.
pub async fn interrupt() {
    tokio::select! {
        heard = tokio::signal::ctrl_c() => if heard.is_err() {
            std::future::pending::<()>().await;
        },
        () = terminated() => {}
    }
}

#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    if let Ok(mut signal) = signal(SignalKind::terminate())
        && signal.recv().await.is_some()
    {
        return;
    }
    std::future::pending().await
}

/// Only Unix has the signal.
#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}
