//! A web server on the loopback that misbehaves on request.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What the server does when a path is asked for.
#[derive(Clone)]
pub enum Answer {
    /// Serves the bytes.
    File(Vec<u8>),
    /// Serves the bytes with no length said, until it closes the connection.
    Unsized(Vec<u8>),
    /// Announces all bytes, sends half of them and closes.
    Half(Vec<u8>),
    /// Announces half of the bytes and sends all.
    Short(Vec<u8>),
    /// Announces chunks, and sends what is none.
    BadChunks,
    /// Refuses with a status.
    Status(u16),
    /// Sends these bytes instead of HTTP.
    Raw(&'static [u8]),
    /// Sends headers without end, as fast as they go.
    EndlessHeaders,
    /// Closes the connection without a word.
    Close,
    /// Announces all bytes, sends half of them and falls silent.
    Stall(Vec<u8>),
    /// Sends one byte at a time, this far apart.
    Drip(Vec<u8>, Duration),
    /// Sends its headers one byte at a time, this far apart.
    DripHeaders(Duration),
    /// Reads the question and never answers.
    Silence,
    /// Sends the asker back to the same place.
    Loop,
    /// Sends the asker to another path.
    Redirect(&'static str),
    /// Announces this many bytes.
    Huge(u64),
    /// Sends zeros without end and without saying how many.
    Endless,
}

pub struct Server {
    pub address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Serves each path its answer and 404 for all others, until the test ends.
    pub fn start(answers: impl IntoIterator<Item = (&'static str, Answer)>) -> Self {
        let answers: HashMap<_, _> = answers.into_iter().collect();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = format!("http://{}/", listener.local_addr().expect("bound"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answers, log) = (answers.clone(), Arc::clone(&log));
                // A client that gives up closes the connection: errors are part of the game.
                thread::spawn(move || drop(serve(stream, &answers, &log)));
            }
        });
        Self { address, asked }
    }

    /// The paths asked for so far.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no test panics while holding it").clone()
    }
}

fn serve(
    mut stream: TcpStream,
    answers: &HashMap<&str, Answer>,
    log: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let path = question(&mut stream)?;
    log.lock().expect("no test panics while holding it").push(path.clone());
    let head = |length: usize| format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
    let forever = Duration::from_secs(60);
    match answers.get(path.as_str()) {
        None => stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
        Some(Answer::File(bytes)) => {
            stream.write_all(head(bytes.len()).as_bytes())?;
            stream.write_all(bytes)
        }
        Some(Answer::Unsized(bytes)) => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
            stream.write_all(bytes)
        }
        Some(Answer::Half(bytes)) => {
            stream.write_all(head(bytes.len()).as_bytes())?;
            stream.write_all(&bytes[..bytes.len() / 2])
        }
        Some(Answer::Short(bytes)) => {
            stream.write_all(head(bytes.len() / 2).as_bytes())?;
            stream.write_all(bytes)
        }
        Some(Answer::BadChunks) => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot a size\r\n")
        }
        Some(Answer::Status(code)) => {
            let head = format!("HTTP/1.1 {code} So\r\nContent-Length: 4\r\n\r\nsoso");
            stream.write_all(head.as_bytes())
        }
        Some(Answer::Raw(bytes)) => stream.write_all(bytes),
        Some(Answer::EndlessHeaders) => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
            (0_u64..).try_for_each(|n| stream.write_all(format!("X-{n}: x\r\n").as_bytes()))
        }
        Some(Answer::Close) => Ok(()),
        Some(Answer::Stall(bytes)) => {
            stream.write_all(head(bytes.len()).as_bytes())?;
            stream.write_all(&bytes[..bytes.len() / 2])?;
            thread::sleep(forever);
            Ok(())
        }
        Some(Answer::Drip(bytes, pause)) => {
            stream.write_all(head(bytes.len()).as_bytes())?;
            drip(&mut stream, bytes, *pause)
        }
        Some(Answer::DripHeaders(pause)) => {
            drip(&mut stream, "HTTP/1.1 200 OK\r\nX-Slow: ".as_bytes(), *pause)?;
            drip(&mut stream, &[b'x'; 10_000], *pause)
        }
        Some(Answer::Silence) => {
            thread::sleep(forever);
            Ok(())
        }
        Some(Answer::Loop) => redirect(&mut stream, &path),
        Some(Answer::Redirect(to)) => redirect(&mut stream, to),
        Some(Answer::Huge(length)) => {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
            stream.write_all(head.as_bytes())
        }
        Some(Answer::Endless) => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
            loop {
                stream.write_all(&[0; 1 << 16])?;
            }
        }
    }
}

fn redirect(stream: &mut TcpStream, to: &str) -> std::io::Result<()> {
    let head = format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
    stream.write_all(head.as_bytes())
}

fn drip(stream: &mut TcpStream, bytes: &[u8], pause: Duration) -> std::io::Result<()> {
    for &byte in bytes {
        stream.write_all(&[byte])?;
        thread::sleep(pause);
    }
    Ok(())
}

/// Reads a request to its blank line; returns the path.
fn question(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut text = Vec::new();
    let mut byte = [0];
    while !text.ends_with(b"\r\n\r\n") && stream.read(&mut byte)? == 1 {
        text.push(byte[0]);
    }
    let text = String::from_utf8_lossy(&text);
    Ok(text.split(' ').nth(1).unwrap_or_default().to_owned())
}
