//! Builds the stand-in and prints its folder, for `LD_LIBRARY_PATH`: any program then finds it as its driver.

fn main() {
    let folder = elbo_cuda_stand_in::library().and_then(std::path::Path::parent);
    match folder {
        Some(folder) => println!("{}", folder.display()),
        None => std::process::exit(1),
    }
}
