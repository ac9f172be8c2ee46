//! Builds the stand-in driver, once for each state of its sources and the kernels'. See README.md.

use std::{
    env,
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use sha2::{Digest, Sha256};

/// As kernels are written for a GPU: no contraction of products and sums that the source does not ask for.
const OPTIONS: [&str; 10] = [
    "-std=c++17",
    "-O3",
    "-g1",
    "-fPIC",
    "-shared",
    "-fno-strict-aliasing",
    "-ffp-contract=off",
    "-U_FORTIFY_SOURCE",
    "-Wall",
    "-Wno-unknown-pragmas",
];

/// What C++ leaves undefined (an overflow, a shift too far, an address that is not aligned, a number that its new
/// type cannot hold) ends the test with a line that names the kernel's.
const SANITIZED: [&str; 3] =
    ["-fsanitize=undefined", "-fsanitize=float-cast-overflow", "-fno-sanitize-recover=all"];

/// The name under which programs look for the driver first.
const NAME: &str = "libcuda.so";

/// The stand-in, in a folder of its own: to be loaded, or named by `LD_LIBRARY_PATH`.
///
/// `None` where it cannot be had: on other systems than Linux, or without a C++ compiler, unless the environment
/// says `ELBO_STAND_IN=required`.
///
/// # Panics
/// If it does not compile, or is required and there is no compiler.
pub fn library() -> Option<&'static Path> {
    static LIBRARY: OnceLock<Option<PathBuf>> = OnceLock::new();
    LIBRARY.get_or_init(build).as_deref()
}

fn build() -> Option<PathBuf> {
    let required = env::var_os("ELBO_STAND_IN").is_some_and(|value| value == "required");
    if !cfg!(target_os = "linux") {
        return None;
    }
    let compiler = env::var_os("CXX").unwrap_or_else(|| "c++".into());
    if Command::new(&compiler).arg("--version").output().is_err() {
        let lacks = "no C++ compiler (c++): tests on the CUDA stand-in";
        assert!(!required, "{lacks} cannot run; install g++");
        eprintln!("{lacks} are skipped");
        return None;
    }
    let sources = Sources::find().unwrap_or_else(|error| panic!("the stand-in's sources: {error}"));
    let folder = beside_the_test().join(format!("cuda-stand-in-{}", sources.checksum()));
    let library = folder.join(NAME);
    if !library.exists() {
        fs::create_dir_all(&folder).expect("the build folder can be written");
        let sanitized = if sanitizes(&compiler, &folder) { &SANITIZED[..] } else { &[] };
        sources.compile(Command::new(compiler), sanitized, &folder, &library);
    }
    Some(library)
}

/// Whether the compiler has what [`SANITIZED`] asks for; some come without its library.
fn sanitizes(compiler: &OsStr, folder: &Path) -> bool {
    let mut trial = Command::new(compiler);
    trial.args(SANITIZED).args(["-shared", "-x", "c++", "/dev/null", "-o"]);
    let process = std::process::id();
    let sanitizes = trial.arg(folder.join(format!("trial-{process}.so"))).output();
    let sanitizes = sanitizes.is_ok_and(|output| output.status.success());
    if !sanitizes {
        eprintln!("no UndefinedBehaviorSanitizer: the kernels are compiled without it");
    }
    sanitizes
}

/// The build folder that holds the running test.
fn beside_the_test() -> PathBuf {
    let test = env::current_exe().expect("a test knows its own path");
    test.parent().expect("a file lies in a folder").to_path_buf()
}

/// All that the stand-in is made of.
struct Sources {
    cpp: PathBuf,
    kernels: PathBuf,
    /// Path and text, in order.
    files: Vec<(PathBuf, String)>,
}

impl Sources {
    fn find() -> io::Result<Self> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let cpp = here.join("cpp");
        let kernels = here.join("../../crates/elbo-cuda/kernels").canonicalize()?;
        let mut paths = Vec::new();
        for folder in [&cpp, &kernels] {
            for entry in fs::read_dir(folder)? {
                paths.push(entry?.path());
            }
        }
        paths.retain(|path| ["cpp", "h", "cu", "cuh"].iter().any(|e| has_ending(path, e)));
        paths.sort();
        let read = |path: PathBuf| fs::read_to_string(&path).map(|text| (path, text));
        let files = paths.into_iter().map(read).collect::<io::Result<_>>()?;
        Ok(Self { cpp, kernels, files })
    }

    fn checksum(&self) -> String {
        let mut digest = Sha256::new();
        for (path, text) in &self.files {
            digest.update(path.as_os_str().as_encoded_bytes());
            digest.update(text.as_bytes());
        }
        digest.update(OPTIONS.join(" "));
        digest.update(SANITIZED.join(" "));
        let digest = digest.finalize();
        digest[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Compiles under another name first: two tests may do so at once.
    fn compile(&self, mut compiler: Command, more: &[&str], folder: &Path, library: &Path) {
        let process = std::process::id();
        let made = folder.join(format!("made-by-{process}.so"));
        compiler.args(OPTIONS).args(more).arg(format!("-Wl,-soname,{NAME}"));
        compiler.arg("-I").arg(&self.cpp).arg("-I").arg(&self.kernels).arg("-o").arg(&made);
        for (path, text) in &self.files {
            if has_ending(path, "cpp") {
                compiler.arg(path);
            } else if has_ending(path, "cu") {
                let unit = folder.join(format!("{}-{process}.cpp", stem(path)));
                fs::write(&unit, self.unit(path, text)).expect("the build folder can be written");
                compiler.arg(unit);
            }
        }
        let output = compiler.output().expect("the compiler has answered before");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "the stand-in does not compile:\n{said}");
        fs::rename(&made, library).expect("the build folder can be written");
    }

    /// A kernel file as C++: what CUDA C adds, the file, and its kernels made known by name.
    fn unit(&self, path: &Path, text: &str) -> String {
        let ptx = self.kernels.join("ptx").join(format!("{}.ptx", stem(path)));
        // What the PTX holds is what a device would have. Without PTX, what the source names.
        let names = match fs::read_to_string(ptx) {
            Ok(ptx) => words_after(&ptx, ".visible .entry "),
            Err(_) => words_after(text, "__global__ void "),
        };
        let mut unit = format!("#include \"device.h\"\n#include \"{}\"\n", path.display());
        for name in names {
            unit += &format!("ENLIST({name})\n");
        }
        unit
    }
}

fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|extension| extension == ending)
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// The name that follows each place where `before` stands.
fn words_after(text: &str, before: &str) -> Vec<String> {
    let name = |rest: &str| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    text.split(before).skip(1).map(name).collect()
}
