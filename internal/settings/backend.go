package settings

import (
	"net"
	"net/url"
	"slices"

	"vestibule/bff/route"
	"vestibule/internal/values"
	"vestibule/internal/web"
)

// api decides how vestibule serve reaches the API, and whether it runs the task API. In front of
// somebody's own API it does not: nobody would call the task API, and its port is often that of
// the other one. But an operator who sets API_ADDR wants it, for example behind a load balancer
// that BACKEND_URL names.
func (c *checker) api() {
	c.NetworkAPI = c.given("BACKEND_URL")
	c.NetworkJWKS = c.given("JWKS_URL")
	if c.by != ForServe || !c.valid("BACKEND_URL", "ROUTES", "API_ADDR") {
		return
	}
	c.ForeignAPI = !c.leadsToTaskAPI()
	if c.ForeignAPI && !c.given("API_ADDR") {
		c.leaveOutAPI()
	}
}

// leadsToTaskAPI reports whether browsers reach the task API of this process by some route.
func (c *checker) leadsToTaskAPI() bool {
	byDefault := !c.NetworkAPI || c.BFF.Backend.Path == "" && c.isTaskAPI(c.BFF.Backend)
	if len(c.BFF.Routes) == 0 {
		return byDefault
	}
	return slices.ContainsFunc(c.BFF.Routes, func(r route.Route) bool {
		return r.Upstream == nil && byDefault || r.Upstream != nil && c.isTaskAPI(r.Upstream)
	})
}

// isTaskAPI reports whether the task API of this process answers at the address of u.
func (c *checker) isTaskAPI(u *url.URL) bool {
	_, port, _ := net.SplitHostPort(c.APIAddr)
	return u.Scheme == "http" && web.Loopback(u.Hostname()) && values.Port(u) == port
}

// leaveOutAPI makes c what it would be if vestibule serve did not read the settings of the task
// API.
func (c *checker) leaveOutAPI() {
	for _, s := range c.by.settings() {
		if s.by&ForAPI == 0 || s.by&ForBFF != 0 {
			continue
		}
		if c.given(s.name) {
			c.Unread = append(c.Unread, s.name)
		}
		delete(c.values, s.name)
	}
	c.APIAddr, c.API.Issuers, c.NetworkJWKS = "", nil, false
}
