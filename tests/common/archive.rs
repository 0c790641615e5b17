//! Archives made by tests, sound ones and those that no program would write.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::Write as _;

/// A member of a zip as its headers tell it.
#[derive(Clone)]
pub struct Member {
    pub name: Vec<u8>,
    pub method: u16,
    pub flags: u16,
    /// As stored.
    pub data: Vec<u8>,
    /// What the headers say of it.
    pub length: u32,
    pub sum: u32,
}

impl Member {
    /// A stored member.
    pub fn stored(name: &str, bytes: &[u8]) -> Self {
        let (length, sum) = (bytes.len() as u32, crc32fast::hash(bytes));
        Self { name: name.into(), method: 0, flags: 0, data: bytes.to_vec(), length, sum }
    }

    /// A deflated member.
    pub fn deflated(name: &str, bytes: &[u8]) -> Self {
        Self { method: 8, data: deflate(bytes), ..Self::stored(name, bytes) }
    }

    /// One of another method, compressed already.
    pub fn packed(name: &str, method: u16, bytes: &[u8], data: Vec<u8>) -> Self {
        Self { method, data, ..Self::stored(name, bytes) }
    }
}

/// A zip of members.
pub fn zip(members: &[Member]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for m in members {
        let mut fields = Vec::new();
        fields.extend([20, 0]);
        for n in [m.flags, m.method, 0, 0x21] {
            fields.extend(n.to_le_bytes());
        }
        for n in [m.sum, m.data.len() as u32, m.length] {
            fields.extend(n.to_le_bytes());
        }
        fields.extend((m.name.len() as u16).to_le_bytes());
        fields.extend([0, 0]);
        let at = out.len() as u32;
        out.extend(b"PK\x03\x04");
        out.extend(&fields);
        out.extend(&m.name);
        out.extend(&m.data);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&fields);
        directory.extend([0; 10]);
        directory.extend(at.to_le_bytes());
        directory.extend(&m.name);
    }
    let start = out.len() as u32;
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend((members.len() as u16).to_le_bytes());
    out.extend((members.len() as u16).to_le_bytes());
    out.extend((directory.len() as u32).to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0, 0]);
    out
}

/// A tar of files.
pub fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

pub fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

pub fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut out = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

pub fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut out = lzma_rust2::XzWriter::new(Vec::new(), lzma_rust2::XzOptions::default()).unwrap();
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

pub fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}
