package db

import (
	"fmt"
	"os"

	"github.com/lib/pq"
)

// checkAuthority refuses a file of certificates that is not there. With sslmode=require, lib/pq
// would check nothing then, and nobody would notice.
func checkAuthority(config pq.Config) error {
	encrypted := config.SSLMode != pq.SSLModeDisable && config.SSLMode != pq.SSLModeAllow
	if !encrypted || config.SSLInline || config.SSLRootCert == "" || config.SSLRootCert == "system" {
		return nil
	}
	if _, err := os.Stat(config.SSLRootCert); err != nil {
		return fmt.Errorf("sslrootcert names a file that cannot be used: %w", err)
	}
	return nil
}
