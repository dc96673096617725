//! A server on axum and tokio's threads; each file is a topic.
mod basic;
mod data;
mod faults;
mod system;
mod tasks;

use axum::{http::StatusCode, Router};
use std::{any::Any, sync::Arc, time::Duration};
use tower_http::{catch_panic::CatchPanicLayer, services::ServeDir};

#[tokio::main(flavor = "multi_thread", worker_threads = 4)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.get(1).map(String::as_str) == Some("child") {
        return system::child();
    }
    let state = Arc::new(tasks::Shared::default());
    // In the background, as caches and metrics are kept.
    let beating = state.clone();
    tokio::spawn(async move {
        let mut every = tokio::time::interval(Duration::from_millis(20));
        loop {
            every.tick().await;
            beating.beat();
        }
    });
    let app = Router::new()
        .merge(basic::routes())
        .merge(data::routes())
        .merge(faults::routes())
        .merge(system::routes())
        .merge(tasks::routes(state))
        .nest_service("/files", ServeDir::new("/srv/www").precompressed_gzip())
        .fallback(|| async { (StatusCode::NOT_FOUND, "no such page\n") })
        .layer(CatchPanicLayer::custom(panicked));
    let address = arguments.get(1).cloned().unwrap_or_else(|| "0.0.0.0:8080".into());
    let listener = tokio::net::TcpListener::bind(address).await?;
    axum::serve(listener, app).with_graceful_shutdown(stopped()).await?;
    Ok(())
}

async fn stopped() {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).expect("a handler");
    terminate.recv().await;
}

/// Answers for a handler that panicked with what it said.
fn panicked(said: Box<dyn Any + Send>) -> axum::response::Response {
    let text = said
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| said.downcast_ref::<&str>().map(|s| s.to_string()))
        .unwrap_or_default();
    axum::response::IntoResponse::into_response((StatusCode::INTERNAL_SERVER_ERROR, format!("panicked: {text}\n")))
}
