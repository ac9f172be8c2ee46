//! What the user asked for: by flags, by a file of settings, by the checkpoint to go on from.

use std::path::PathBuf;

use elbo_cpu::Level;
use elbo_tensor::Planning;

use crate::{
    Config, Device, DeviceKind, Error, Overrides, Result, Resumed,
    data::{self, Wanted},
};

/// What the flags say. They win over the file of settings, and that over a checkpoint's record.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Settings that were said.
    pub overrides: Overrides,
    /// A file with more of them.
    pub config: Option<PathBuf>,
    /// Which data.
    pub data: Wanted,
    /// What computes.
    pub device: Option<DeviceKind>,
    /// Threads of the CPU, 0 for one on each core.
    pub threads: Option<usize>,
    /// The vector instructions that the CPU must use, if not the widest it has.
    pub level: Option<Level>,
    /// How steps are planned.
    pub planning: Planning,
    /// Whether a GPU may round to 11 bits what it multiplies.
    pub tf32: Option<bool>,
    /// The run folder, if one was named.
    pub out: Option<PathBuf>,
    /// Whether the run in the folder that was named is given up for the new one.
    pub force: bool,
    /// A checkpoint or a run folder to go on from.
    pub resume: Option<PathBuf>,
}

impl Request {
    /// What the file of settings says; nothing where there is none.
    pub(crate) fn file(&self) -> Result<Config> {
        self.config.as_deref().map_or_else(|| Ok(Config::default()), Config::read)
    }

    pub(crate) fn device(&self, file: &Config) -> Device {
        Device {
            kind: self.device.or(file.device).unwrap_or_default(),
            threads: self.threads.or(file.threads).unwrap_or_default(),
            tf32: self.tf32.or(file.tf32).unwrap_or_default(),
            level: self.level,
        }
    }

    /// The data that are named, else those that a checkpoint or the file was made with, if they were
    /// drawn: nothing needs to be looked for then.
    pub(crate) fn data(&self, file: &Config, resumed: Option<&Resumed>) -> Wanted {
        let drawn = match resumed {
            Some(resumed) => (resumed.record.data == data::DRAWN)
                .then(|| format!("{} was trained on drawn digits", resumed.path.display())),
            None => file.draws().then(|| "the file of settings names drawn digits".into()),
        };
        let named = self.data.named.clone().or_else(|| file.data_dir.clone());
        Wanted { named, drawn, ..self.data.clone() }
    }

    /// A setting that is refused, said of whoever set it: a flag, the file, or the checkpoint.
    pub(crate) fn blame(&self, error: Error, file: &Config, resumed: Option<&Resumed>) -> Error {
        let Error::Setting { flag, fact } = error else { return error };
        if self.overrides.says(flag) {
            return Error::Setting { flag, fact };
        }
        let name = flag.trim_start_matches('-');
        if let Some(path) = self.config.as_ref().filter(|_| file.overrides().says(flag)) {
            return Error::Config {
                place: path.display().to_string(),
                fact: format!("{name}: {fact}"),
            };
        }
        let Some(resumed) = resumed else { return Error::Setting { flag, fact } };
        let (fact, _) = fact.split_once("; ").unwrap_or((&fact, ""));
        let fact = match flag {
            // What the model and its random numbers are made of cannot change.
            "--hidden" | "--latent" => {
                format!("its {name} cannot be used: {fact}; use another checkpoint")
            }
            _ => format!("its {name} cannot be used: {fact}; give another {flag}"),
        };
        Error::Resume { path: resumed.path.clone(), fact }
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, path::Path};

    use elbo_nn::Checkpoint;

    use super::*;
    use crate::{Settings, Training};

    fn resumed() -> Resumed {
        let data = elbo_data::synthetic_sized(0, 10, 5);
        let settings = Settings { hidden: 3, latent: 2, batch_size: 5, ..Settings::default() };
        let training = Training::new(data, &settings, Device::default()).unwrap();
        let metadata = training.checkpoint().unwrap().metadata;
        let record = crate::Record::from_metadata(&metadata, Path::new("x")).unwrap();
        let checkpoint = Checkpoint { tensors: BTreeMap::new(), metadata };
        Resumed { path: "x".into(), run: None, record, checkpoint }
    }

    #[test]
    fn a_bad_setting_is_the_fault_of_whoever_set_it() {
        let bad =
            || Error::Setting { flag: "--lr", fact: "0 is no learning rate; give more".into() };
        let said = Overrides { learning_rate: Some(0.0), ..Overrides::default() };
        let file = Config { lr: Some(0.0), ..Config::default() };
        let config = Some("my.toml".into());
        let flags = Request { overrides: said, config: config.clone(), ..Request::default() };
        let silent = Request { config, ..Request::default() };
        let resumed = resumed();
        let message = |request: &Request, file: &Config, resumed: Option<&Resumed>| {
            request.blame(bad(), file, resumed).to_string()
        };
        assert_eq!(message(&flags, &file, None), "--lr: 0 is no learning rate; give more");
        assert_eq!(message(&silent, &file, None), "my.toml: lr: 0 is no learning rate; give more");
        assert_eq!(
            message(&silent, &Config::default(), Some(&resumed)),
            "x: its lr cannot be used: 0 is no learning rate; give another --lr"
        );
    }

    #[test]
    fn flags_win_over_the_file_for_device_threads_and_data() {
        let file = Config {
            device: Some(DeviceKind::Cuda),
            threads: Some(3),
            tf32: Some(true),
            data_dir: Some("file".into()),
            ..Config::default()
        };
        let silent = Request::default();
        let device = Device { kind: DeviceKind::Cuda, threads: 3, tf32: true, level: None };
        assert_eq!(silent.device(&file), device);
        assert_eq!(silent.data(&file, None).named, Some("file".into()));
        let data = Wanted { named: Some("flag".into()), ..Wanted::default() };
        let said = Request {
            device: Some(DeviceKind::Cpu),
            threads: Some(0),
            tf32: Some(false),
            data,
            ..Request::default()
        };
        let device = Device { kind: DeviceKind::Cpu, threads: 0, tf32: false, level: None };
        assert_eq!(said.device(&file), device);
        assert_eq!(said.data(&file, None).named, Some("flag".into()));
    }

    #[test]
    fn a_run_on_drawn_digits_goes_on_with_them() {
        let wanted = Request::default().data(&Config::default(), Some(&resumed()));
        assert_eq!(wanted.drawn.as_deref(), Some("x was trained on drawn digits"));
        assert_eq!(Request::default().data(&Config::default(), None).drawn, None);
    }
}
