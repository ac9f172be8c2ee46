//! The PTX that is shipped is that of the sources beside it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

fn kernels() -> PathBuf {
    Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("kernels")
}

fn files(ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(kernels()).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.filter(|p| p.extension().is_some_and(|e| e == ending)).collect();
    files.sort();
    files
}

/// As in `make_ptx.py`, but for the path. A call may be a launch, or the end of another one, and must leave the same bits: so
/// a product and a sum are one instruction only where the source says so.
const OPTIONS: &str = "--std=c++17 --fmad=false";

/// As `make_ptx.py` makes it: options, then names and texts of all shared parts, then of the file.
fn checksum(kernel: &Path) -> String {
    let mut digest = Sha256::new();
    digest.update(OPTIONS);
    for path in files("cuh").iter().map(PathBuf::as_path).chain([kernel]) {
        digest.update(path.file_name().unwrap().as_encoded_bytes());
        digest.update([0]);
        digest.update(fs::read(path).unwrap());
    }
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn every_kernel_has_the_ptx_of_its_source() {
    let kernels = files("cu");
    assert!(kernels.len() >= 5);
    for kernel in kernels {
        let stem = kernel.file_stem().unwrap();
        let ptx = kernel.with_file_name("ptx").join(stem).with_extension("ptx");
        let text = fs::read_to_string(&ptx).unwrap_or_default();
        let first = text.lines().next().unwrap_or_default();
        let wanted = format!("// made from sha256 {}", checksum(&kernel));
        assert_eq!(first, wanted, "{}: run `cargo xtask ptx`", ptx.display());
    }
}

/// Code for a device is no text, so what it was made from stands in a list beside it.
#[test]
fn every_kernel_has_the_code_of_its_source() {
    let folder = kernels().join("sm_90");
    let list = fs::read_to_string(folder.join("made-from")).unwrap();
    let mut wanted = String::new();
    for kernel in files("cu") {
        let stem = kernel.file_stem().unwrap().to_str().unwrap();
        let code = fs::read(folder.join(stem).with_extension("cubin")).unwrap();
        assert!(code.starts_with(b"\x7fELF"), "{stem}");
        let own: String = Sha256::digest(&code).iter().map(|byte| format!("{byte:02x}")).collect();
        wanted += &format!("{stem} {own} {}\n", checksum(&kernel));
    }
    assert_eq!(list, wanted, "run `cargo xtask ptx`");
}

#[test]
fn ptx_is_old_enough_for_the_oldest_driver_that_is_let_in() {
    for kernel in files("cu") {
        let ptx = kernel.with_file_name("ptx").join(kernel.file_stem().unwrap());
        let text = fs::read_to_string(ptx.with_extension("ptx")).unwrap();
        assert!(text.contains("\n.version 8.0\n.target sm_80\n"), "{}", kernel.display());
    }
}

/// A vector of four is loaded at once, which a GPU refuses at an address that sixteen does not divide. The CPU
/// would not notice.
#[test]
fn shared_memory_that_is_read_four_at_a_time_is_aligned() {
    let ptx = kernels().join("ptx");
    let mut vectors = 0;
    for kernel in files("cu") {
        let name = ptx.join(kernel.file_stem().unwrap()).with_extension("ptx");
        let text = fs::read_to_string(&name).unwrap();
        for entry in text.split(".visible .entry ").skip(1) {
            let line = entry.lines().next().unwrap_or_default();
            if entry.contains("ld.shared.v4") {
                vectors += 1;
                assert!(entry.contains(".shared .align 16 .b8"), "{}: {line}", name.display());
            }
            assert!(!entry.contains("ld.global.v"), "{line}: slots are aligned to their type only");
        }
    }
    assert!(vectors > 0);
}
