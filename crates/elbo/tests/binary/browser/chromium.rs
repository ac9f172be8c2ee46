//! The browser that pages are looked at in: where it is, and what it makes of one.

use std::{
    env, fs,
    io::{self, Read},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crate::sandbox::Sandbox;

/// Names under which Chromium is installed.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// Longer than any page takes, on a machine that does other things too.
const PATIENCE: Duration = Duration::from_secs(120);

/// A browser that shows a page of the sandbox. One in a container of its own does not see it, and on some systems a name
/// stands for one that is not installed.
pub(super) fn chromium(sandbox: &Sandbox) -> Option<&'static Path> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    let find = || {
        let file = sandbox.path("shown.html");
        fs::write(&file, "<p>shown</p>").unwrap();
        let path = env::var_os("PATH")?;
        let folders: Vec<PathBuf> = env::split_paths(&path).collect();
        let mut places =
            NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
        places.find(|place| {
            let shown = place.is_file().then(|| open(place, sandbox, &file, "100,100"));
            shown.is_some_and(|shown| shown.is_ok_and(|shown| shown.dom.contains("<p>shown</p>")))
        })
    };
    let found = FOUND.get_or_init(find).as_deref();
    if found.is_none() {
        println!(
            "skipped: no Chromium on the PATH shows a page; `apt-get install chromium` brings one"
        );
    }
    found
}

/// What a browser makes of a page.
pub(super) struct Shown {
    pub(super) dom: String,
    pub(super) log: String,
}

/// Opens a page in a window of a size, and waits until its scripts are through.
pub(super) fn open(
    browser: &Path,
    sandbox: &Sandbox,
    file: &Path,
    size: &str,
) -> io::Result<Shown> {
    let mut browser = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
        .args(["--force-prefers-reduced-motion", "--enable-logging=stderr", "--dump-dom"])
        .arg(format!("--user-data-dir={}", sandbox.path("profile").display()))
        .arg(format!("--window-size={size}"))
        .arg(format!("file://{}", file.display()))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let (output, log) = (browser.stdout.take().unwrap(), browser.stderr.take().unwrap());
    let (output, log) = (all_of(output), all_of(log));
    let began = Instant::now();
    while browser.try_wait()?.is_none() {
        if began.elapsed() > PATIENCE {
            browser.kill()?;
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(Shown { dom: output.join().unwrap()?, log: log.join().unwrap()? })
}

/// Reads to the end, beside whoever else does.
fn all_of(mut from: impl Read + Send + 'static) -> JoinHandle<io::Result<String>> {
    thread::spawn(move || {
        let mut text = Vec::new();
        from.read_to_end(&mut text).map(|_| String::from_utf8_lossy(&text).into_owned())
    })
}
