//! Handlers that panic, in all ways that the language has, and what unwinding runs on its way.
use axum::{
    extract::{Path, Query},
    http::StatusCode,
    routing::get,
    Router,
};
use std::{
    cell::RefCell,
    collections::HashMap,
    hint::black_box,
    panic,
    sync::{Arc, Mutex},
};

pub fn routes() -> Router {
    Router::new()
        .route("/panic/{kind}", get(fail))
        .route("/caught", get(caught))
        .route("/poison", get(poison))
        .route("/threads-panic", get(threads))
        .route("/drops", get(drops))
        .route(
            "/result",
            get(|Query(all): Query<HashMap<String, String>>| async move {
                parse(&all).map_err(|e| (StatusCode::BAD_REQUEST, format!("{e}\n")))
            }),
        )
}

fn parse(all: &HashMap<String, String>) -> Result<String, Box<dyn std::error::Error>> {
    let n: i32 = all.get("n").ok_or("n is missing")?.parse()?;
    let bytes: Vec<u8> = all
        .get("hex")
        .map_or("", |s| s)
        .as_bytes()
        .chunks(2)
        .map(|c| u8::from_str_radix(std::str::from_utf8(c).unwrap_or("?"), 16))
        .collect::<Result<_, _>>()?;
    Ok(format!("{} {}\n", n, String::from_utf8(bytes)?))
}

fn failing(kind: &str, n: usize) {
    let items: Vec<usize> = (0..n).collect();
    match kind {
        "index" => println!("{}", items[black_box(n)]),
        "divide" => println!("{}", n / black_box(n - n)),
        "unwrap" => println!("{}", items.iter().find(|&&i| i > n).unwrap()),
        "expect" => println!("{}", "x1".parse::<i32>().expect("a number")),
        "borrow" => {
            let cell = RefCell::new(n);
            let _held = cell.borrow_mut();
            println!("{}", cell.borrow());
        }
        "utf8" => println!("{}", &"grüße"[..black_box(3)]),
        "slice" => println!("{:?}", &items[black_box(n + 1)..]),
        "unreachable" => unreachable!("at {n}"),
        "value" => panic::panic_any(String::from("any value")),
        _ => panic!("said with {n} and {kind:?}"),
    }
}

async fn fail(Path(kind): Path<String>) {
    tokio::task::yield_now().await;
    failing(&kind, 4);
}

async fn caught() -> String {
    let mut lines = String::new();
    for kind in [
        "index",
        "divide",
        "unwrap",
        "expect",
        "borrow",
        "utf8",
        "slice",
        "unreachable",
        "value",
        "else",
    ] {
        let said = panic::catch_unwind(|| failing(kind, 3)).unwrap_err();
        let text = said
            .downcast_ref::<String>()
            .map(String::as_str)
            .or(said.downcast_ref::<&str>().copied())
            .unwrap_or("?");
        lines += &format!("{kind}: {text}\n");
    }
    let many = (0..2000)
        .filter(|&i| panic::catch_unwind(|| failing("divide", i)).is_err())
        .count();
    lines + &format!("{many}\n")
}

async fn poison() -> String {
    let shared = Arc::new(Mutex::new(1));
    let held = shared.clone();
    let ended = std::thread::spawn(move || {
        let mut guard = held.lock().unwrap();
        *guard = 2;
        panic!("with the lock");
    })
    .join();
    let inside = shared.lock().unwrap_or_else(|e| e.into_inner());
    format!("{} {} {}\n", ended.is_err(), shared.is_poisoned(), *inside)
}

async fn threads() -> String {
    let joined: Vec<_> = (0..8usize)
        .map(|i| {
            tokio::spawn(async move {
                if i % 2 == 1 {
                    panic!("task {i}");
                }
                i
            })
        })
        .collect();
    let mut lines = String::new();
    for task in joined {
        lines += &match task.await {
            Ok(i) => format!("ended {i}\n"),
            Err(e) => format!(
                "panicked {} {}\n",
                e.is_panic(),
                e.into_panic().downcast_ref::<String>().map_or("", |s| s)
            ),
        };
    }
    lines
}

struct Noisy(&'static str, Arc<Mutex<Vec<&'static str>>>);

impl Drop for Noisy {
    fn drop(&mut self) {
        let while_panicking = std::thread::panicking();
        self.1
            .lock()
            .unwrap()
            .extend([self.0, if while_panicking { "in panic" } else { "in order" }]);
    }
}

async fn drops() -> String {
    let order = Arc::new(Mutex::new(vec![]));
    let (_in_order, inner) = (Noisy("outer", order.clone()), order.clone());
    let _ = panic::catch_unwind(panic::AssertUnwindSafe(move || {
        let _first = Noisy("first", inner.clone());
        let _boxed: Box<dyn std::any::Any> = Box::new(Noisy("boxed", inner.clone()));
        let _many = [Noisy("a", inner.clone()), Noisy("b", inner)];
        failing("index", 2);
    }));
    let text = format!("{:?}\n", order.lock().unwrap());
    text
}
