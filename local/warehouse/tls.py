"""The local certificate authority and the server certificate it signs.

Snowflake's clients speak TLS only, and the Airflow hook offers no way to turn that off, so the stand-in has to be
trusted rather than excused: clients point REQUESTS_CA_BUNDLE at `bundle.pem` and verify as usual.
"""

import datetime
import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HOST_NAMES = ("localhost", "warehouse", "host.docker.internal")
ADDRESSES = ("127.0.0.1",)
LIFETIME = datetime.timedelta(days=3650)


@dataclass(frozen=True)
class TlsFiles:
    """Where the certificates of one data directory live."""

    directory: Path

    @property
    def ca(self) -> Path:
        return self.directory / "ca.pem"

    @property
    def certificate(self) -> Path:
        return self.directory / "server.pem"

    @property
    def key(self) -> Path:
        return self.directory / "server.key"

    @property
    def bundle(self) -> Path:
        return self.directory / "bundle.pem"


def ensure(data_dir: Path) -> TlsFiles:
    """Make the certificates that are missing and refresh the bundle; safe to call at every start."""
    files = TlsFiles(data_dir / "tls")
    files.directory.mkdir(parents=True, exist_ok=True)
    if not all(path.is_file() for path in (files.ca, files.certificate, files.key)):
        _issue(files)
    _write(files.bundle, _public_roots(files) + b"\n" + files.ca.read_bytes(), mode=0o644)
    return files


def _issue(files: TlsFiles) -> None:
    """The authority's key is thrown away after its one signature: nothing else can be signed with it."""
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Backbeat local warehouse CA")])
    ca_usage = _key_usage(sign_certificates=True)
    ca = (
        _builder(ca_name, ca_name, ca_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(ca_usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    key = ec.generate_private_key(ec.SECP256R1())
    names: list[x509.GeneralName] = [x509.DNSName(name) for name in HOST_NAMES]
    names += [x509.IPAddress(ipaddress.ip_address(address)) for address in ADDRESSES]
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    certificate = (
        _builder(subject, ca_name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(sign_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write(files.key, private, mode=0o600)
    _write(files.certificate, certificate.public_bytes(serialization.Encoding.PEM), mode=0o644)
    _write(files.ca, ca.public_bytes(serialization.Encoding.PEM), mode=0o644)


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + LIFETIME)
    )


def _key_usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _public_roots(files: TlsFiles) -> bytes:
    """The roots clients already trust: REQUESTS_CA_BUNDLE replaces their list, so the bundle must contain it."""
    configured = os.environ.get("REQUESTS_CA_BUNDLE")
    if configured and Path(configured).is_file() and Path(configured).resolve() != files.bundle.resolve():
        return Path(configured).read_bytes()
    return Path(certifi.where()).read_bytes()


def _write(path: Path, content: bytes, *, mode: int) -> None:
    """Written beside and renamed, so a kill half-way leaves no torn certificate."""
    if path.is_file() and path.read_bytes() == content:
        return
    partial = path.with_suffix(path.suffix + ".partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    partial.replace(path)
