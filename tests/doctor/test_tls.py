"""Certificates are verified, whatever the venue (reliability N13)."""

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mm.doctor import gather
from tests.doctor.canned import Canned
from tests.doctor.test_command import SOUND, run

OPENSSL = shutil.which("openssl")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody vouches for, with its key."""
    if OPENSSL is None:
        pytest.skip("openssl is not installed: no certificate can be made")
    made = tmp_path / "certificate.pem"
    words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"]
    words += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([OPENSSL, *words, "-keyout", tmp_path / "key.pem", "-out", made], check=True, capture_output=True)
    return made


@pytest.fixture
def venue(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Canned]:
    monkeypatch.setattr(gather, "SAMPLE_PAUSE_S", 0.01)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    with Canned(context) as canned:
        yield canned


def test_a_certificate_that_nobody_vouches_for_is_refused_before_anything_is_asked(venue: Canned) -> None:
    done = run(venue, *SOUND)
    assert done.exit_code == 1
    assert "the certificate is not to be trusted" in " ".join(done.stdout.split())
    assert not venue.asked
    assert not venue.subscribed


def test_one_that_the_system_trusts_is_taken(venue: Canned, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    done = run(venue, *SOUND)
    assert done.exit_code == 0, done.output
    assert "TLSv1.3, certificate until " in done.stdout
    assert venue.subscribed
