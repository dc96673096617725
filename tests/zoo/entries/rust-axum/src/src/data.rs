//! Work on data: compression, digests, regular expressions, numbers, sorting.
use axum::{
    body::Bytes,
    http::StatusCode,
    response::IntoResponse,
    routing::{get, post},
    Json, Router,
};
use flate2::{
    read::{GzDecoder, ZlibEncoder},
    write::GzEncoder,
    Compression,
};
use rand::{rngs::StdRng, Rng, SeedableRng};
use regex::Regex;
use serde_json::{json, Value};
use sha2::{Digest, Sha256, Sha512};
use std::{
    collections::{BTreeMap, HashMap},
    io::{Read, Write},
    sync::OnceLock,
};

pub fn routes() -> Router {
    Router::new()
        .route("/hash", post(hash))
        .route("/gzip", post(gzip))
        .route("/gunzip", post(gunzip))
        .route("/regex", get(regex))
        .route("/numbers", get(numbers))
        .route("/sort", get(sort))
        .route("/value", post(value))
        .route("/text-forms", get(text))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

async fn hash(body: Bytes) -> String {
    let mut crc = flate2::Crc::new();
    crc.update(&body);
    format!(
        "{} {:08x}\n{}\n{}\n",
        body.len(),
        crc.sum(),
        hex(&Sha256::digest(&body)),
        hex(&Sha512::digest(&body))
    )
}

async fn gzip(body: Bytes) -> impl IntoResponse {
    let mut to = GzEncoder::new(Vec::new(), Compression::best());
    to.write_all(&body).expect("memory");
    let mut zlib = Vec::new();
    ZlibEncoder::new(&body[..], Compression::fast())
        .read_to_end(&mut zlib)
        .expect("memory");
    (
        [("x-zlib", format!("{} {}", zlib.len(), hex(&Sha256::digest(&zlib)[..8])))],
        to.finish().expect("memory"),
    )
}

async fn gunzip(body: Bytes) -> Result<Vec<u8>, (StatusCode, String)> {
    let mut text = Vec::new();
    GzDecoder::new(&body[..])
        .read_to_end(&mut text)
        .map_err(|e| (StatusCode::BAD_REQUEST, format!("{:?}: {e}\n", e.kind())))?;
    Ok(text)
}

async fn regex() -> Json<Value> {
    static MAIL: OnceLock<Regex> = OnceLock::new();
    let mail =
        MAIL.get_or_init(|| Regex::new(r"(?i)(?P<who>[a-z_0-9.]+)@(?P<at>(?:[a-z]+\.)+test)").expect("a pattern"));
    let text = "alice <alice@example.test>, bob_2 (BOB@sub.example.test); x@y ".repeat(200);
    let words = Regex::new(r"\b\p{Lu}\p{Ll}+\b").expect("a pattern");
    Json(json!({
        "found": mail.find_iter(&text).count(),
        "first": mail.captures(&text).map(|c| c["at"].to_string()),
        "replaced": mail.replacen(&text[..64], 2, "$at:$who"),
        "words": words.find_iter("Grüße aus Köln, Москва und Αθήνα").map(|m| m.as_str()).collect::<Vec<_>>(),
        "bad": Regex::new("(").err().map(|e| e.to_string()),
    }))
}

async fn numbers() -> Json<Value> {
    let floats: Vec<String> = [0.1f64, 1.0, 2.5, -3.75, 1e300, 5e-324, f64::consts()]
        .iter()
        .map(|&x| {
            format!(
                "{x:?} {:e} {} {} {} {} {} {}",
                x,
                x.sqrt(),
                x.sin(),
                (-x).exp(),
                x.mul_add(x, 1.0),
                x.round(),
                x as f32
            )
        })
        .collect();
    let casts: Vec<i64> = [f64::NAN, 1e30, -1e30, 3.99, -3.99].iter().map(|&x| x as i64).collect();
    let wide = (0..30u32).fold(1u128, |n, i| {
        n.wrapping_mul(u64::MAX as u128 - i as u128).rotate_left(7)
    });
    let (a, b) = (u128::MAX / 3, 12345678901234567890u128);
    let mut random = StdRng::seed_from_u64(42);
    Json(json!({
        "floats": floats, "casts": casts, "wide": wide.to_string(), "divided": [(a / b).to_string(), (a % b).to_string()],
        "checked": [i32::MAX.checked_add(1), i32::MIN.checked_abs(), 7i32.checked_rem(0), Some(i32::MAX.saturating_add(5))],
        "bits": [0xdead_beefu32.count_ones(), 0x00f0u32.leading_zeros(), 0x00f0u32.trailing_zeros()],
        "random": [random.gen::<u64>().to_string(), random.gen_range(0..1000).to_string(), random.gen::<f64>().to_string()],
        "parsed": ["1e400".parse::<f64>().ok().map(|x| x.is_infinite()).unwrap_or(false), "0x10".parse::<i32>().is_err()],
    }))
}

trait Consts {
    fn consts() -> Self;
}

impl Consts for f64 {
    fn consts() -> f64 {
        std::f64::consts::PI
    }
}

async fn sort() -> Json<Value> {
    let mut random = StdRng::seed_from_u64(7);
    let mut all: Vec<(u32, String)> = (0..30000)
        .map(|_| (random.gen_range(0..500), format!("{:x}", random.gen::<u64>())))
        .collect();
    all.sort_by_key(|(n, _)| *n);
    let stable = hex(&Sha256::digest(format!("{all:?}")));
    all.sort_unstable_by(|a, b| b.1.cmp(&a.1));
    let mut counts: HashMap<u32, usize> = HashMap::new();
    for (n, _) in &all {
        *counts.entry(*n).or_default() += 1;
    }
    let ordered: BTreeMap<_, _> = counts.into_iter().collect();
    Json(json!({"stable": stable, "first": all[0].1, "keys": ordered.len(), "most": ordered.values().max()}))
}

async fn value(body: Bytes) -> Result<Json<Value>, (StatusCode, String)> {
    let mut value: Value = serde_json::from_slice(&body).map_err(|e| {
        (
            StatusCode::UNPROCESSABLE_ENTITY,
            format!("{e} ({}:{})\n", e.line(), e.column()),
        )
    })?;
    if let Some(object) = value.as_object_mut() {
        object.insert("keys".into(), json!(object.keys().cloned().collect::<Vec<_>>()));
    }
    Ok(Json(value))
}

async fn text() -> String {
    let text = "Straße ŒUVRE ǅ İstanbul";
    format!(
        "{} {} {:?} {:>8.3}|{:<6}|{:^6}|{:+} {:#x} {:#010b} {}\n",
        text.to_uppercase(),
        text.to_lowercase(),
        text.chars().rev().collect::<String>(),
        3.14159,
        "ab",
        "cd",
        5,
        255,
        5,
        text.char_indices().nth(5).map_or(0, |(i, _)| i)
    )
}
