//! How one file is asked of one mirror, with a bound on every wait and on every size.

use std::io::{self, Read};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use ureq::http::Response;
use ureq::{Agent, Body, Proxy};

use super::{DownloadError, Limits, Progress, Source};
use crate::error::grouped;

const CHUNK: usize = 64 << 10;

/// A connection to the mirrors.
pub(super) struct Client {
    agent: Agent,
    limits: Limits,
    /// What each mirror has to begin its answer.
    answer: Duration,
}

impl Client {
    pub(super) fn new(source: &Source) -> Result<Self, DownloadError> {
        let limits = source.limits;
        let mirrors = u32::try_from(source.mirrors.len()).unwrap_or(u32::MAX).max(1);
        let answer = limits.answer / mirrors;
        let proxy = source.proxy.as_deref().map(|address| {
            Proxy::new(address).map_err(|_| DownloadError::Proxy { address: address.into() })
        });
        let config = Agent::config_builder()
            .proxy(proxy.transpose()?)
            .timeout_resolve(Some(answer))
            .timeout_connect(Some(answer))
            .timeout_send_request(Some(answer))
            .timeout_recv_response(Some(answer))
            .timeout_per_read(Some(limits.stall))
            .timeout_global(Some(limits.file))
            .max_redirects(limits.redirects)
            // The file is wanted as it is stored, gzip.
            .accept_encoding("identity")
            // A kept connection that the mirror has closed meanwhile would fail the next request;
            // for four files a new one each costs nothing.
            .max_idle_connections(0)
            .max_idle_connections_per_host(0)
            .user_agent(concat!("elbo-data/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self { agent: config.into(), limits, answer })
    }

    /// The compressed bytes of a file, or what the mirror did instead, in words.
    pub(super) fn get(
        &self,
        mirror: &str,
        file: &str,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Vec<u8>, String> {
        let slash = if mirror.ends_with('/') { "" } else { "/" };
        let body = self.ask(format!("{mirror}{slash}{file}.gz"))?.into_body();
        let total = body.content_length();
        if let Some(total) = total.filter(|&total| total > self.limits.bytes) {
            return Err(self.too_large(total));
        }
        progress(Progress { file, bytes: 0, total });
        let mut tell = |bytes| progress(Progress { file, bytes, total });
        let compressed = self.receive(body.into_reader(), &mut tell)?;
        match total.filter(|&total| total != compressed.len() as u64) {
            Some(total) => Err(cut_short(compressed.len(), Some(total))),
            None => Ok(compressed),
        }
    }

    /// Asks and waits until the answer begins.
    ///
    /// The limits that ureq has for this part start anew with each step and each redirect. So a
    /// thread asks and the wait for it is what is bounded; ureq's limits see to it that a thread
    /// given up on ends soon.
    fn ask(&self, address: String) -> Result<Response<Body>, String> {
        let (answer, answered) = mpsc::sync_channel(1);
        let agent = self.agent.clone();
        thread::Builder::new()
            .name("download".into())
            // Nobody listens any more when the wait was given up.
            .spawn(move || drop(answer.send(agent.get(address).call())))
            .map_err(|e| format!("no thread to ask it ({e})"))?;
        match answered.recv_timeout(self.answer) {
            Ok(response) => response.map_err(|e| self.words(&e)),
            Err(_) => Err(self.no_answer()),
        }
    }

    fn receive(&self, mut body: impl Read, tell: &mut dyn FnMut(u64)) -> Result<Vec<u8>, String> {
        let start = Instant::now();
        let mut received = Vec::new();
        let mut chunk = vec![0; CHUNK];
        loop {
            match body.read(&mut chunk) {
                Ok(0) => return Ok(received),
                Ok(read) => received.extend_from_slice(&chunk[..read]),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
                    return Err(cut_short(received.len(), None));
                }
                Err(e) => return Err(self.words(&ureq::Error::from(e))),
            }
            let bytes = received.len() as u64;
            if bytes > self.limits.bytes {
                return Err(self.too_large(bytes));
            }
            self.check_rate(bytes, start.elapsed())?;
            tell(bytes);
        }
    }

    fn check_rate(&self, bytes: u64, elapsed: Duration) -> Result<(), String> {
        let expected = elapsed.as_secs_f64() * self.limits.rate as f64;
        if elapsed < self.limits.stall || bytes as f64 >= expected {
            return Ok(());
        }
        Err(format!(
            "too slow, {} bytes in {:.0} s",
            grouped(u128::from(bytes)),
            elapsed.as_secs_f64()
        ))
    }

    fn too_large(&self, bytes: u64) -> String {
        let (bytes, limit) = (u128::from(bytes), u128::from(self.limits.bytes));
        format!("{} bytes or more, at most {} are accepted", grouped(bytes), grouped(limit))
    }

    fn no_answer(&self) -> String {
        format!("no answer within {:.1} s", self.answer.as_secs_f64())
    }

    /// An error of the connection as the end of a sentence that begins with the mirror.
    fn words(&self, error: &ureq::Error) -> String {
        use ureq::{Error, Timeout};
        match error {
            Error::StatusCode(404) => "the file is not there (404)".into(),
            Error::StatusCode(code) => format!("refused with status {code}"),
            Error::Timeout(Timeout::PerRead) => {
                format!("no data for {:.1} s", self.limits.stall.as_secs_f64())
            }
            Error::Timeout(Timeout::Global) => {
                format!("not complete after {:.0} s", self.limits.file.as_secs_f64())
            }
            Error::Timeout(_) => self.no_answer(),
            Error::HostNotFound => "its name is not known".into(),
            Error::TooManyRedirects => {
                format!("redirected more than {} times", self.limits.redirects)
            }
            Error::BadUri(_) | Error::Http(_) => "not an address; write it as https://host/".into(),
            Error::Io(e) => format!("the connection failed ({e})"),
            other => format!("the connection failed ({other})"),
        }
    }
}

fn cut_short(received: usize, total: Option<u64>) -> String {
    let received = grouped(received as u128);
    match total {
        Some(total) => {
            format!("closed early, {received} of {} bytes received", grouped(u128::from(total)))
        }
        None => format!("closed early, {received} bytes received"),
    }
}
