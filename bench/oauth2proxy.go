package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"strings"
	"time"

	"vestibule/internal/freeport"
)

// tool returns the path of a program that bench/install.sh has built.
func tool(name string) (string, error) {
	path, err := filepath.Abs(filepath.Join("bin", "bench-tools", name))
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%s is missing; bench/install.sh builds it", path)
	}
	return path, nil
}

// oauth2Proxy is oauth2-proxy with its default, a session in an encrypted cookie. It sends
// the id token to the API. Its sign-in is a real one, at our issuer.
func oauth2Proxy() way {
	return way{name: "oauth2-proxy, cookie session", start: func(ctx context.Context, g *ground) (*endpoint, error) {
		program, err := tool("oauth2-proxy")
		if err != nil {
			return nil, err
		}
		api, apiAddr, err := g.checkAPI(ctx)
		if err != nil {
			return nil, err
		}
		addr, err := freeport.Addr()
		if err != nil {
			return nil, err
		}
		url := "http://" + addr
		p, err := g.launch(ctx, url+"/ready", launching{dir: g.dir, path: program, args: []string{
			"--http-address=" + addr, "--upstream=http://" + apiAddr, "--provider=oidc", "--oidc-issuer-url=" + g.issuer.url,
			"--client-id=" + issuerClient, "--client-secret=bench", "--redirect-url=" + url + "/oauth2/callback",
			"--cookie-secret=0123456789abcdef0123456789abcdef", "--cookie-secure=false", "--email-domain=*", "--skip-provider-button",
			"--pass-authorization-header", "--request-logging=false", "--auth-logging=false", "--standard-logging=false", "--silence-ping-logging",
		}})
		if err != nil {
			return nil, err
		}
		cookie, err := signInThrough(ctx, url+"/api/item")
		if err != nil {
			return nil, err
		}
		return item(url+"/api/item", map[string]string{"Cookie": cookie}, []int{p.pid()}, []int{api.pid()}), nil
	}}
}

// signInThrough follows the redirects of a sign-in, like a browser, and returns the cookies
// for url.
func signInThrough(ctx context.Context, url string) (string, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return "", err
	}
	client := http.Client{Jar: jar, Timeout: 20 * time.Second}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	res, err := client.Do(r)
	if err != nil {
		return "", err
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK || res.Request.URL.String() != url {
		return "", fmt.Errorf("the sign-in ended at %s with %s", res.Request.URL, res.Status)
	}
	var cookies []string
	for _, c := range jar.Cookies(r.URL) {
		cookies = append(cookies, c.Name+"="+c.Value)
	}
	return strings.Join(cookies, "; "), nil
}
