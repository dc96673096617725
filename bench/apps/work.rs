//! Work of a Rust program: hash and tree maps, strings, sorting, trait objects, iterators, matrices, threads.
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::sync::mpsc;
use std::thread;

trait Shape {
    fn area(&self) -> f64;
}
struct Square(f64);
struct Circle(f64);
impl Shape for Square {
    fn area(&self) -> f64 {
        self.0 * self.0
    }
}
impl Shape for Circle {
    fn area(&self) -> f64 {
        3.0 * self.0 * self.0
    }
}

fn words() -> u64 {
    let mut counts: HashMap<String, u64> = HashMap::new();
    for i in 0..900_000u64 {
        *counts.entry(format!("w{}", i * 7919 % 20011)).or_insert(0) += i % 13;
    }
    let mut names: Vec<(&String, &u64)> = counts.iter().collect();
    names.sort_by(|a, b| a.1.cmp(b.1).then_with(|| a.0.cmp(b.0)));
    names.iter().enumerate().fold(0, |sum, (i, (name, n))| (sum * 31 + i as u64 * **n + name.len() as u64) % 1_000_003)
}

fn tree() -> u64 {
    let mut map = BTreeMap::new();
    for i in 0..400_000u64 {
        map.insert(i.wrapping_mul(2654435761) % 1_000_003, i);
    }
    map.range(1000..900_000).map(|(k, v)| k ^ v).fold(0, |a, b| a.wrapping_mul(31).wrapping_add(b))
}

fn shapes() -> f64 {
    let all: Vec<Box<dyn Shape>> = (0..1000)
        .map(|i| -> Box<dyn Shape> { if i % 3 == 0 { Box::new(Circle(i as f64)) } else { Box::new(Square(i as f64)) } })
        .collect();
    (0..12_000).map(|_| all.iter().map(|s| s.area()).sum::<f64>()).sum()
}

fn text() -> usize {
    let mut out = String::new();
    for i in 0..300_000 {
        write!(out, "{}:{:x};", i, i * i).unwrap();
    }
    out.split(';').filter_map(|p| p.split_once(':')).filter(|(a, b)| a.len() == b.len()).count() + out.len()
}

fn matrix() -> f64 {
    const N: usize = 300;
    let a: Vec<f64> = (0..N * N).map(|i| (i % 17) as f64).collect();
    let b: Vec<f64> = (0..N * N).map(|i| (i % 23) as f64).collect();
    let mut c = vec![0.0; N * N];
    for i in 0..N {
        for k in 0..N {
            for j in 0..N {
                c[i * N + j] += a[i * N + k] * b[k * N + j];
            }
        }
    }
    c.iter().sum()
}

fn threads() -> u64 {
    let (send, receive) = mpsc::channel();
    for t in 0..4u64 {
        let send = send.clone();
        thread::spawn(move || {
            for i in 0..20_000u64 {
                send.send(i * t % 97).unwrap();
            }
        });
    }
    drop(send);
    receive.iter().sum()
}

fn main() {
    for _ in 0..4 {
        println!("{} {} {} {} {} {}", words(), tree(), shapes(), text(), matrix(), threads());
    }
}
