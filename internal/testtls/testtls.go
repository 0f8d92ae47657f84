// Package testtls makes throw-away certificates for servers that tests start on
// this machine.
package testtls

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Authority is a certificate authority that only its test trusts.
type Authority struct {
	PEM  []byte // its certificate
	Pool *x509.CertPool
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewAuthority makes an authority.
func NewAuthority(tb testing.TB) *Authority {
	tb.Helper()
	key := newKey(tb)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "throw-away authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		tb.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	a := &Authority{PEM: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), Pool: x509.NewCertPool(), cert: cert, key: key}
	a.Pool.AddCert(cert)
	return a
}

// Certificate makes a certificate for localhost and the loopback addresses.
func (a *Authority) Certificate(tb testing.TB) tls.Certificate {
	tb.Helper()
	return a.Issue(tb, &x509.Certificate{
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	})
}

// Issue makes a certificate of a server with the names and the validity of about.
func (a *Authority) Issue(tb testing.TB, about *x509.Certificate) tls.Certificate {
	tb.Helper()
	key := newKey(tb)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: about.DNSNames[0]},
		DNSNames: about.DNSNames, IPAddresses: about.IPAddresses, NotBefore: about.NotBefore, NotAfter: about.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		tb.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// Files writes a certificate and its key into files of a new folder, for programs that are not
// ours.
func Files(tb testing.TB, cert tls.Certificate) (crt, key string) {
	tb.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		tb.Fatal(err)
	}
	folder := tb.TempDir()
	crt, key = filepath.Join(folder, "app.crt"), filepath.Join(folder, "app.key")
	for name, block := range map[string]*pem.Block{crt: {Type: "CERTIFICATE", Bytes: cert.Certificate[0]}, key: {Type: "PRIVATE KEY", Bytes: der}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	return crt, key
}

// Joined writes a certificate and its key into one file beside them, as HAProxy reads them.
func Joined(tb testing.TB, crt, key string) string {
	tb.Helper()
	var both []byte
	for _, name := range []string{crt, key} {
		part, err := os.ReadFile(name) // #nosec G304 -- a file of the test
		if err != nil {
			tb.Fatal(err)
		}
		both = append(both, part...)
	}
	if err := os.WriteFile(crt+".pem", both, 0o600); err != nil { // #nosec G703 -- as above
		tb.Fatal(err)
	}
	return crt + ".pem"
}

func newKey(tb testing.TB) *ecdsa.PrivateKey {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}
