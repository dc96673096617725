//! Requests and responses of all kinds.
use axum::{
    body::{Body, Bytes},
    extract::{Multipart, Path, Query},
    http::{header, HeaderMap, Method, StatusCode, Uri},
    response::{
        sse::{Event, KeepAlive, Sse},
        AppendHeaders, Html, IntoResponse, Redirect,
    },
    routing::{any, get, post},
    Json, Router,
};
use futures::{stream, Stream, StreamExt};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, convert::Infallible, time::Duration};
use tower_http::compression::CompressionLayer;

#[derive(Serialize, Deserialize, Debug)]
struct Item {
    name: String,
    price: f64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
}

#[derive(Deserialize)]
struct Amount {
    #[serde(default)]
    n: usize,
    #[serde(default)]
    ms: u64,
}

pub fn routes() -> Router {
    Router::new()
        .route("/", get(|| async { Html("<!doctype html>\n<p>It works</p>\n") }))
        .route("/json", get(json))
        .route("/item", post(item))
        .route(
            "/echo",
            any(|headers: HeaderMap, body: Bytes| async move {
                let kind = headers.get(header::CONTENT_TYPE).cloned();
                (kind.map(|kind| [(header::CONTENT_TYPE, kind)]), body).into_response()
            }),
        )
        .route(
            "/query",
            get(|Query(all): Query<Vec<(String, String)>>| async { Json(all) }),
        )
        .route(
            "/users/{id}/{*rest}",
            get(|Path((id, rest)): Path<(u32, String)>| async move { format!("{id} {rest}\n") }),
        )
        .route("/headers", get(headers))
        .route("/redirect", get(|| async { Redirect::temporary("/json") }))
        .route(
            "/method",
            any(|method: Method, uri: Uri| async move { format!("{method} {uri}\n") }),
        )
        .route("/upload", post(upload))
        .route("/sse", get(events))
        .route("/stream", get(lines))
        .route("/big", get(big))
        .route(
            "/sleep",
            get(|Query(amount): Query<Amount>| async move {
                tokio::time::sleep(Duration::from_millis(amount.ms)).await;
                "slept\n"
            }),
        )
        .route(
            "/text",
            get(|| async { "compressible text; ".repeat(500) }).layer(CompressionLayer::new()),
        )
}

async fn json() -> impl IntoResponse {
    Json(vec![
        Item {
            name: "tea".into(),
            price: 2.5,
            tags: vec![],
        },
        Item {
            name: "Kaffee <süß>".into(),
            price: 1e21,
            tags: vec!["hot".into(), "\u{1F600}".into()],
        },
    ])
}

async fn item(Json(item): Json<Item>) -> impl IntoResponse {
    (StatusCode::CREATED, format!("{item:#?}\n"))
}

async fn headers(headers: HeaderMap) -> impl IntoResponse {
    let seen: BTreeMap<_, _> = headers
        .iter()
        .filter(|(k, _)| k.as_str().starts_with("x-t"))
        .map(|(k, v)| (k.to_string(), format!("{v:?}")))
        .collect();
    (
        AppendHeaders([
            (header::SET_COOKIE, "a=1; Path=/"),
            (header::SET_COOKIE, "b=2; HttpOnly"),
        ]),
        Json(seen),
    )
}

async fn upload(mut form: Multipart) -> Result<Json<Vec<(String, Option<String>, usize)>>, (StatusCode, String)> {
    let mut fields = vec![];
    while let Some(field) = form
        .next_field()
        .await
        .map_err(|e| (StatusCode::BAD_REQUEST, e.body_text()))?
    {
        let (name, file) = (
            field.name().unwrap_or("").to_string(),
            field.file_name().map(str::to_string),
        );
        fields.push((
            name,
            file,
            field
                .bytes()
                .await
                .map_err(|e| (StatusCode::BAD_REQUEST, e.body_text()))?
                .len(),
        ));
    }
    Ok(Json(fields))
}

async fn events() -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let ticks = tokio_stream::wrappers::IntervalStream::new(tokio::time::interval(Duration::from_millis(60)));
    let events = ticks.take(5).enumerate().map(|(i, _)| {
        Ok(Event::default()
            .id(i.to_string())
            .event("tick")
            .data(format!("line {i}\nmore")))
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}

async fn lines() -> Body {
    Body::from_stream(stream::iter(0..20).then(|i| async move {
        tokio::time::sleep(Duration::from_millis(15)).await;
        Ok::<_, Infallible>(format!("line {i}\n"))
    }))
}

async fn big(Query(amount): Query<Amount>) -> Body {
    let block = Bytes::from((0..65536u32).map(|i| (i * 7) as u8).collect::<Vec<_>>());
    let whole = amount.n / block.len();
    let rest = block.slice(..amount.n % block.len());
    Body::from_stream(stream::iter((0..whole).map(move |_| block.clone()).chain([rest])).map(Ok::<_, Infallible>))
}
