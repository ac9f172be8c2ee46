//! The commands that read and write other programs' files.

use elbo::{
    Error, atomic_write, exchange,
    latents::{self, Format},
    pictures,
};
use elbo_data::npy;

use super::open;
use crate::{
    args::{DecodeArguments, EncodeArguments, ExportArguments, ExportFormat, ImportArguments},
    terminal::{self, Terminal},
};

pub(crate) fn encode(arguments: &EncodeArguments, command: &str) -> Result<(), Error> {
    Format::of(&arguments.out, &[Format::Csv, Format::Npy])?;
    let mut model = open(&arguments.model)?;
    let set = model.images(&arguments.images.source(), &mut Terminal::new(command))?;
    let encoded = model.encode(&set.images.pixels)?;
    let (count, latent) = (set.images.count, model.sizes().latent);
    let labels = set.labels.as_deref();
    for file in latents::write(&arguments.out, &encoded, labels, latent)? {
        terminal::written(&file, &format!("latents of {count} images"), &model);
    }
    Ok(())
}

pub(crate) fn decode(arguments: &DecodeArguments) -> Result<(), Error> {
    let format = Format::of(&arguments.out, &[Format::Png, Format::Npy])?;
    let mut model = open(&arguments.model)?;
    let latent = model.sizes().latent;
    let latents = latents::read(&arguments.latents, latent)?;
    let images = model.decode(&latents)?;
    let (rows, columns) = model.image_size();
    let count = latents.len() / latent;
    match format {
        Format::Png => pictures::write(&arguments.out, &images, rows, columns)?,
        _ => atomic_write(&arguments.out, &npy::encode(&[count, rows, columns], &images))?,
    }
    terminal::written(&arguments.out, &format!("images of {count} latents"), &model);
    Ok(())
}

pub(crate) fn import(arguments: &ImportArguments) -> Result<(), Error> {
    let size = arguments.size.map(|size| size.0);
    let sizes = exchange::import(&arguments.file, &arguments.out, size)?;
    terminal::imported(&arguments.out, &arguments.file, sizes);
    Ok(())
}

pub(crate) fn export(arguments: &ExportArguments) -> Result<(), Error> {
    let checkpoint = &arguments.model.checkpoint;
    let files = match arguments.format {
        ExportFormat::Onnx => exchange::export_onnx(checkpoint, &arguments.out)?,
        ExportFormat::StateDict => exchange::export_state_dict(checkpoint, &arguments.out)?,
    };
    for (file, what) in files {
        terminal::text(&format!("{}: {what}\n", file.display()));
    }
    Ok(())
}
