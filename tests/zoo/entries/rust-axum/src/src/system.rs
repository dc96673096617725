//! Files, processes, sockets, signals.
use axum::{
    body::Bytes,
    http::StatusCode,
    routing::{get, post},
    Json, Router,
};
use serde_json::{json, Value};
use std::{
    collections::BTreeMap,
    error::Error,
    fs,
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::{
        fs::{FileExt, PermissionsExt},
        process::ExitStatusExt,
    },
    process::Stdio,
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net,
    process::Command,
    signal::unix::{signal, SignalKind},
    time,
};

pub fn routes() -> Router {
    Router::new()
        .route("/env", get(env))
        .route("/tree", get(tree))
        .route("/append", post(append))
        .route("/child", post(run))
        .route("/killed", get(killed))
        .route("/sockets", get(sockets))
        .route("/signal", get(signals))
        .route("/mapped", get(mapped))
}

/// What the program does when it runs itself: its input in upper case, and a line of errors.
pub fn child() -> Result<(), Box<dyn Error>> {
    let mut text = String::new();
    io::stdin().read_to_string(&mut text)?;
    if text.is_empty() {
        std::thread::sleep(Duration::from_secs(3600));
    }
    print!("{} {}", text.to_uppercase(), std::env::var("EXTRA")?);
    eprintln!("{} bytes", text.len());
    std::process::exit(3)
}

async fn env() -> Json<Value> {
    let named: BTreeMap<_, _> = std::env::vars()
        .filter(|(k, _)| k == "GREETING" || k == "HOME")
        .collect();
    Json(
        json!({"env": named, "dir": std::env::current_dir().ok(), "exe": std::env::current_exe().ok(), "args": std::env::args().count()}),
    )
}

async fn tree() -> Json<Value> {
    let work = || -> io::Result<Value> {
        let dir = std::env::temp_dir().join(format!("tree-{}", std::process::id()));
        fs::create_dir_all(dir.join("a/b"))?;
        for i in 0..5 {
            fs::write(dir.join(format!("a/{i}.txt")), vec![b'a' + i; 10 * i as usize])?;
        }
        fs::rename(dir.join("a/1.txt"), dir.join("a/b/moved"))?;
        fs::copy(dir.join("a/4.txt"), dir.join("copy"))?;
        fs::hard_link(dir.join("copy"), dir.join("linked"))?;
        std::os::unix::fs::symlink("copy", dir.join("link"))?;
        fs::set_permissions(dir.join("copy"), fs::Permissions::from_mode(0o604))?;
        let mut file = fs::OpenOptions::new().read(true).write(true).open(dir.join("copy"))?;
        file.write_all_at(b"MIDDLE", 5)?;
        file.seek(SeekFrom::End(-38))?;
        let mut rest = String::new();
        file.read_to_string(&mut rest)?;
        file.set_len(7)?;
        file.sync_all()?;
        let mut names: Vec<_> = fs::read_dir(dir.join("a"))?
            .map(|e| e.map(|e| e.file_name().to_string_lossy().into_owned()))
            .collect::<Result<_, _>>()?;
        names.sort();
        let meta = fs::metadata(dir.join("linked"))?;
        let missing = fs::read(dir.join("a/1.txt")).unwrap_err();
        let denied = fs::remove_dir(dir.join("a")).unwrap_err();
        let answer = json!({"names": names, "rest": rest, "len": meta.len(), "mode": format!("{:o}", meta.permissions().mode()), "link": fs::read_link(dir.join("link"))?, "missing": missing.to_string(), "denied": format!("{:?}", denied.kind())});
        fs::remove_dir_all(&dir)?;
        Ok(answer)
    };
    Json(
        tokio::task::spawn_blocking(work)
            .await
            .unwrap()
            .unwrap_or_else(|e| json!(e.to_string())),
    )
}

async fn append(body: Bytes) -> Result<String, (StatusCode, String)> {
    appended(&body)
        .await
        .map_err(|e| (StatusCode::INTERNAL_SERVER_ERROR, e.to_string()))
}

async fn appended(body: &[u8]) -> io::Result<String> {
    let path = std::env::temp_dir().join("appended.log");
    for _ in 0..3 {
        let mut file = tokio::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(&path)
            .await?;
        file.write_all(body).await?;
        file.flush().await?;
    }
    let text = tokio::fs::read_to_string(&path).await?;
    tokio::fs::remove_file(&path).await?;
    Ok(text)
}

async fn run(body: Bytes) -> Json<Value> {
    let mut child = Command::new("/proc/self/exe")
        .arg("child")
        .env("EXTRA", "extra")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    tokio::spawn(async move { input.write_all(&body).await });
    let output = child.wait_with_output().await.unwrap();
    let missing = Command::new("/bin/nothing").spawn().map(|_| ()).unwrap_err();
    Json(
        json!({"out": String::from_utf8_lossy(&output.stdout), "err": String::from_utf8_lossy(&output.stderr), "code": output.status.code(), "missing": missing.to_string()}),
    )
}

async fn killed() -> Json<Value> {
    let mut child = Command::new("/proc/self/exe")
        .arg("child")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let early = time::timeout(Duration::from_millis(50), child.wait()).await.is_err();
    child.start_kill().unwrap();
    let status = child.wait().await.unwrap();
    Json(json!({"early": early, "signal": status.signal(), "text": status.to_string()}))
}

async fn sockets() -> Json<Value> {
    let listener = net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move {
        let (stream, from) = listener.accept().await.unwrap();
        let (reader, mut writer) = stream.into_split();
        let mut lines = BufReader::new(reader).lines();
        while let Some(line) = lines.next_line().await.unwrap() {
            writer
                .write_all(line.chars().rev().chain(['\n']).collect::<String>().as_bytes())
                .await
                .unwrap();
        }
        from.ip().to_string()
    });
    let mut client = net::TcpStream::connect(address).await.unwrap();
    client.set_nodelay(true).unwrap();
    client.write_all("first\nsecond\nthird ü\n".as_bytes()).await.unwrap();
    client.shutdown().await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    let (mut left, mut right) = net::UnixStream::pair().unwrap();
    left.write_all(&[7; 100]).await.unwrap();
    drop(left);
    let mut all = vec![];
    right.read_to_end(&mut all).await.unwrap();
    let (one, two) = (
        net::UdpSocket::bind("127.0.0.1:0").await.unwrap(),
        net::UdpSocket::bind("127.0.0.1:0").await.unwrap(),
    );
    one.send_to(b"datagram", two.local_addr().unwrap()).await.unwrap();
    let mut buffer = [0; 64];
    let (size, from) = two.recv_from(&mut buffer).await.unwrap();
    let peer = serving.await.unwrap();
    let refused = net::TcpStream::connect(address).await.map(|_| ()).unwrap_err();
    let named: Vec<_> = net::lookup_host("localhost:80")
        .await
        .unwrap()
        .map(|a| a.is_ipv4())
        .collect();
    Json(
        json!({"answer": answer, "from": peer, "pair": all.len(), "datagram": [size == 8, from == one.local_addr().unwrap()], "refused": refused.to_string(), "localhost": named.contains(&true)}),
    )
}

async fn signals() -> Json<Value> {
    let (mut one, mut two) = (
        signal(SignalKind::user_defined1()).unwrap(),
        signal(SignalKind::user_defined2()).unwrap(),
    );
    let mut said = vec![];
    for name in ["USR1", "USR2"] {
        let number = if name == "USR1" {
            SignalKind::user_defined1()
        } else {
            SignalKind::user_defined2()
        }
        .as_raw_value();
        // SAFETY: both signals have handlers.
        unsafe { kill(std::process::id() as i32, number) };
        let came = async {
            tokio::select! { _ = one.recv() => "one", _ = two.recv() => "two" }
        };
        said.push(time::timeout(Duration::from_secs(5), came).await.unwrap_or("none"));
    }
    Json(json!(said))
}

extern "C" {
    fn kill(pid: i32, signal: i32) -> i32;
}

/// What /proc says of this program, as diagnostics read it.
async fn mapped() -> Json<Value> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let threads = fs::read_dir("/proc/self/task").map(|d| d.count()).unwrap_or(0);
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let told = status
        .lines()
        .find_map(|l| l.strip_prefix("Threads:"))
        .and_then(|n| n.trim().parse::<usize>().ok());
    let mut out = Vec::new();
    writeln!(out, "{}", maps.lines().any(|l| l.ends_with("[stack]"))).unwrap();
    Json(
        json!({"stack": String::from_utf8(out).unwrap(), "exe": maps.lines().filter(|l| l.ends_with("/server")).count() > 1, "threads": Some(threads) == told, "cpus": std::thread::available_parallelism().is_ok()}),
    )
}
