//! Where the bytes of an IDX file come from: the file itself or the gzip stream in it.

use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::Header;
use crate::Error;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const BUFFER: usize = 256 << 10;
/// What is read from a compressed file; EMNIST's largest has 547 MB. A plain file needs no such
/// limit, because it cannot announce more than it has without being found out.
const COMPRESSED_LIMIT: u64 = 2 << 30;
/// Memory reserved before data come, as a multiple of the compressed size. MNIST expands 4.9-fold.
const EXPECTED_RATIO: u64 = 8;

/// Bytes that are read before there is made room for more.
const PART: u64 = 16 << 20;

/// How a file stores its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    Plain,
    Gzip,
}

enum Stream<R> {
    Plain(R),
    Gzip(Box<MultiGzDecoder<R>>),
}

/// An open file, or bytes in memory, read front to back.
pub(crate) struct Source<'a, R> {
    path: &'a Path,
    stream: Stream<R>,
    /// Bytes on disk.
    stored: u64,
}

impl<'a> Source<'a, BufReader<fs::File>> {
    /// Opens a regular file and looks whether it is compressed.
    pub(crate) fn open(path: &'a Path) -> Result<Self, Error> {
        let unreadable = |source| Error::Unreadable { path: path.into(), source };
        // Asked before opening: opening a pipe would wait for its writer.
        let metadata = fs::metadata(path).map_err(|e| match e.kind() {
            io::ErrorKind::NotFound => Error::Missing { path: path.into() },
            _ => unreadable(e),
        })?;
        if !metadata.is_file() {
            return Err(Error::NotAFile { path: path.into() });
        }
        let file = BufReader::with_capacity(BUFFER, fs::File::open(path).map_err(unreadable)?);
        Self::new(path, file, metadata.len())
    }
}

impl<'a, R: BufRead> Source<'a, R> {
    /// What a reader of `stored` bytes gives; `path` is what messages call it.
    pub(crate) fn new(path: &'a Path, mut reader: R, stored: u64) -> Result<Self, Error> {
        let start = reader.fill_buf();
        let start = start.map_err(|source| Error::Unreadable { path: path.into(), source })?;
        let stream = if start.starts_with(&GZIP_MAGIC) {
            Stream::Gzip(Box::new(MultiGzDecoder::new(reader)))
        } else {
            Stream::Plain(reader)
        };
        Ok(Self { path, stream, stored })
    }

    pub(crate) fn compression(&self) -> Compression {
        match self.stream {
            Stream::Plain(_) => Compression::Plain,
            Stream::Gzip(_) => Compression::Gzip,
        }
    }

    /// Fills `bytes` as far as the file reaches; returns how many are there.
    pub(crate) fn fill(&mut self, bytes: &mut [u8]) -> Result<usize, Error> {
        let mut there = 0;
        while there < bytes.len() {
            match self.stream.read(&mut bytes[there..]) {
                Ok(0) => break,
                Ok(read) => there += read,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if self.cut_short(&e) => break,
                Err(e) => return Err(self.failed(e)),
            }
        }
        Ok(there)
    }

    /// The elements after the header: exactly as many as announced.
    ///
    /// Reads one byte more than announced, to see that none follows and, in a gzip stream, to have
    /// its checksum compared.
    pub(crate) fn body(&mut self, header: &Header) -> Result<Vec<u8>, Error> {
        let announced = self.believe(header)?;
        let len = announced - header.len() as u64;
        let mut body = Vec::new();
        let room = match self.stream {
            Stream::Plain(_) => len,
            Stream::Gzip(_) => len.min(self.stored.saturating_mul(EXPECTED_RATIO)),
        };
        let path = || self.path.to_path_buf();
        reserve(&mut body, room.saturating_add(1), self.path)?;
        let read = self.append(&mut body, len + 1);
        let there = body.len() as u64;
        match read {
            Ok(()) => {}
            // What came before the end is in `body`, so the error below can count it. A stream that
            // ends after all data but before its checksum has nothing to count.
            Err(e) if self.cut_short(&e) && there < len => {}
            Err(e) if self.cut_short(&e) => return Err(Error::Gzip { path: path(), source: e }),
            Err(e) if e.kind() == io::ErrorKind::OutOfMemory => {
                return Err(Error::NoMemory { path: path(), bytes: announced });
            }
            Err(e) => return Err(self.failed(e)),
        }
        if there < len {
            let there = there + header.len() as u64;
            return Err(Error::CutShort { path: path(), announced, there });
        }
        if there > len {
            return Err(Error::Trailing { path: path(), announced });
        }
        Ok(body)
    }

    /// Reads on until there are so many bytes, or no more. Room is made a part at a time, as data come:
    /// a stream of a thousandth of what it unpacks to must not end the program.
    fn append(&mut self, body: &mut Vec<u8>, until: u64) -> io::Result<()> {
        loop {
            let part = PART.min(until - body.len() as u64);
            body.try_reserve(part as usize)?;
            let read = (&mut self.stream).take(part).read_to_end(body)?;
            if (read as u64) < part || part == 0 {
                return Ok(());
            }
        }
    }

    /// The announced size, if a file of this length can hold it.
    fn believe(&self, header: &Header) -> Result<u64, Error> {
        let announced = header.announced();
        let too_large = |limit| Error::TooLarge { path: self.path.into(), announced, limit };
        let size = u64::try_from(announced)
            .ok()
            .filter(|&size| isize::try_from(size).is_ok())
            .ok_or_else(|| too_large(isize::MAX as u64))?;
        match self.stream {
            Stream::Plain(_) if size > self.stored => {
                let there = self.stored;
                Err(Error::CutShort { path: self.path.into(), announced: size, there })
            }
            Stream::Plain(_) => Ok(size),
            Stream::Gzip(_) => {
                if size > COMPRESSED_LIMIT {
                    Err(too_large(COMPRESSED_LIMIT))
                } else {
                    Ok(size)
                }
            }
        }
    }

    fn cut_short(&self, error: &io::Error) -> bool {
        error.kind() == io::ErrorKind::UnexpectedEof
    }

    fn failed(&self, source: io::Error) -> Error {
        let path = self.path.into();
        match (&self.stream, source.kind()) {
            (Stream::Gzip(_), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData) => {
                Error::Gzip { path, source }
            }
            _ => Error::Unreadable { path, source },
        }
    }
}

impl<R: BufRead> Read for Stream<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(file) => file.read(bytes),
            Self::Gzip(decoder) => decoder.read(bytes),
        }
    }
}

/// Makes room for so many bytes more, before they are read: what does not fit is an error rather than
/// the end of the program.
pub(crate) fn reserve(bytes: &mut Vec<u8>, more: u64, path: &Path) -> Result<(), Error> {
    let no_memory = || Error::NoMemory { path: path.into(), bytes: more };
    let room = usize::try_from(more).map_err(|_| no_memory())?;
    bytes.try_reserve_exact(room).map_err(|_| no_memory())
}

/// Decompresses gzip bytes, at most `limit` of them; longer content comes back one byte too long.
pub(crate) fn inflate(compressed: &[u8], limit: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    MultiGzDecoder::new(compressed).take(limit.saturating_add(1)).read_to_end(&mut content)?;
    Ok(content)
}
