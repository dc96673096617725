//! Tasks, threads, and what they share.
use axum::{extract::State, routing::get, Json, Router};
use futures::future::join_all;
use serde_json::{json, Value};
use std::{
    sync::{
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc, Arc, Barrier, Condvar, Mutex, RwLock,
    },
    thread,
    time::{Duration, Instant},
};
use tokio::{sync, task, time};

#[derive(Default)]
pub struct Shared {
    beats: AtomicU64,
}

impl Shared {
    pub fn beat(&self) {
        self.beats.fetch_add(1, Ordering::Relaxed);
    }
}

pub fn routes(state: Arc<Shared>) -> Router {
    Router::new()
        .route("/beats", get(beats))
        .route("/counter", get(counter))
        .route("/channels", get(channels))
        .route("/timeout", get(timeout))
        .route("/blocking", get(blocking))
        .route("/spin", get(spin))
        .with_state(state)
}

/// The background task goes on beside requests.
async fn beats(State(state): State<Arc<Shared>>) -> Json<Value> {
    let before = state.beats.load(Ordering::Relaxed);
    time::sleep(Duration::from_millis(150)).await;
    Json(json!({"beaten": state.beats.load(Ordering::Relaxed) - before >= 3}))
}

async fn counter() -> Json<Value> {
    let (plain, asynchronous, rw) = (
        Arc::new(Mutex::new(0)),
        Arc::new(sync::Mutex::new(0)),
        Arc::new(RwLock::new(0)),
    );
    let added = Arc::new(AtomicU64::new(0));
    let tasks = (0..60).map(|i| {
        let (plain, asynchronous, rw, added) = (plain.clone(), asynchronous.clone(), rw.clone(), added.clone());
        tokio::spawn(async move {
            for j in 0..50u64 {
                *plain.lock().unwrap() += 1;
                *asynchronous.lock().await += 1;
                if j % 10 == 0 {
                    *rw.write().unwrap() += 1;
                    task::yield_now().await;
                }
                added.fetch_add(i * j, Ordering::SeqCst);
            }
        })
    });
    let failed = join_all(tasks).await.iter().filter(|r| r.is_err()).count();
    let answer = json!({"plain": *plain.lock().unwrap(), "async": *asynchronous.lock().await, "rw": *rw.read().unwrap(), "added": added.load(Ordering::SeqCst), "failed": failed});
    Json(answer)
}

async fn channels() -> Json<Value> {
    let (to, mut from) = sync::mpsc::channel(4);
    for i in 0..8u64 {
        let to = to.clone();
        tokio::spawn(async move {
            for j in 0..100 {
                to.send(i * 100 + j).await.expect("a receiver");
            }
        });
    }
    drop(to);
    let (mut sum, mut count) = (0, 0);
    while let Some(n) = from.recv().await {
        (sum, count) = (sum + n, count + 1);
    }
    let (said, heard) = sync::oneshot::channel();
    let (watched, mut watch) = sync::watch::channel(0);
    let (cast, mut one) = sync::broadcast::channel(8);
    let mut two = cast.subscribe();
    tokio::spawn(async move {
        for i in 1..=3 {
            watched.send(i).expect("a watcher");
            cast.send(i * 11).expect("receivers");
        }
        said.send("done").expect("a listener");
    });
    let heard = heard.await.expect("a word");
    let last = *watch.borrow_and_update();
    let (a, b) = (one.recv().await.expect("one"), two.recv().await.expect("two"));
    let limit = Arc::new(sync::Semaphore::new(2));
    let most = Arc::new((AtomicU64::new(0), AtomicU64::new(0)));
    join_all((0..6).map(|_| {
        let (limit, most) = (limit.clone(), most.clone());
        tokio::spawn(async move {
            let _permit = limit.acquire().await.expect("open");
            let now = most.0.fetch_add(1, Ordering::SeqCst) + 1;
            most.1.fetch_max(now, Ordering::SeqCst);
            time::sleep(Duration::from_millis(5)).await;
            most.0.fetch_sub(1, Ordering::SeqCst);
        })
    }))
    .await;
    Json(
        json!({"sum": sum, "count": count, "heard": heard, "last": last, "cast": [a, b], "most": most.1.load(Ordering::SeqCst)}),
    )
}

async fn timeout() -> Json<Value> {
    let since = Instant::now();
    let late = time::timeout(Duration::from_millis(20), std::future::pending::<()>()).await;
    let quick = time::timeout(Duration::from_secs(5), async { 7 }).await;
    let token = sync::Notify::new();
    let chosen = tokio::select! {
        _ = time::sleep(Duration::from_secs(60)) => "slept",
        _ = async { time::sleep(Duration::from_millis(5)).await; token.notify_one(); token.notified().await } => "notified",
    };
    let forever = tokio::spawn(std::future::pending::<()>());
    forever.abort();
    let aborted = forever.await.unwrap_err().is_cancelled();
    Json(
        json!({"late": late.unwrap_err().to_string(), "quick": quick.unwrap(), "chosen": chosen, "aborted": aborted, "waited": since.elapsed() >= Duration::from_millis(25)}),
    )
}

/// Threads of the operating system, waited for outside the runtime's workers.
async fn blocking() -> Json<Value> {
    let answer = task::spawn_blocking(|| {
        let meeting = Barrier::new(5);
        let turn = (Mutex::new(0), Condvar::new());
        let (to, from) = mpsc::sync_channel(1);
        let order = thread::scope(|scope| {
            for i in 0..5 {
                let (to, meeting, turn) = (to.clone(), &meeting, &turn);
                scope.spawn(move || {
                    let leads = meeting.wait().is_leader();
                    let mut now = turn.1.wait_while(turn.0.lock().unwrap(), |now| *now != i).unwrap();
                    to.send((i, leads)).unwrap();
                    *now += 1;
                    turn.1.notify_all();
                });
            }
            drop(to);
            from.iter().collect::<Vec<_>>()
        });
        let leaders = order.iter().filter(|(_, leads)| *leads).count();
        let parked = thread::spawn(|| thread::park_timeout(Duration::from_millis(10)));
        let small = thread::Builder::new()
            .name("small".into())
            .stack_size(64 << 10)
            .spawn(|| thread::current().name().map(str::to_string))
            .unwrap()
            .join()
            .unwrap();
        parked.join().unwrap();
        json!({"order": order.iter().map(|(i, _)| i).collect::<Vec<_>>(), "leaders": leaders, "name": small})
    });
    let inside = task::block_in_place(|| (0..1000u64).sum::<u64>());
    Json(json!({"threads": answer.await.unwrap(), "inside": inside}))
}

/// A thread that waits without a call.
async fn spin() -> Json<Value> {
    let flag = Arc::new(AtomicBool::new(false));
    let seen = flag.clone();
    let spinning = task::spawn_blocking(move || {
        let mut rounds = 0u64;
        while !seen.load(Ordering::Acquire) {
            rounds += 1;
            std::hint::spin_loop();
        }
        rounds
    });
    time::sleep(Duration::from_millis(20)).await;
    flag.store(true, Ordering::Release);
    Json(json!({"spun": spinning.await.unwrap() > 0}))
}
