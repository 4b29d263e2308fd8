package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// proxied is a proxy that was started in front of the backend.
type proxied struct{ name, url string }

// measureRouter compares the router with proxies of the distribution, each
// before the same small backend, with connections to it kept open.
func measureRouter(ctx context.Context, b *bench) error {
	backend, err := b.startBackend(ctx)
	if err != nil {
		return err
	}
	table := newTable(1, backend)
	router, err := b.startRouter(ctx, table, "ours")
	if err != nil {
		return err
	}
	all := []proxied{{"ours", "http://" + router.address}}
	for _, start := range []func(context.Context, *bench, string) (proxied, error){startNginx, startHAProxy, startCaddy} {
		one, err := start(ctx, b, backend)
		if err != nil {
			return err
		}
		all = append(all, one)
	}
	p99 := map[string][]float64{}
	var sides []side
	for _, one := range append(all, proxied{"direct", "http://" + backend}) {
		sides = append(sides, side{one.name, func(ctx context.Context) (float64, error) {
			seen, err := b.wrk(ctx, load{url: one.url + "/", seconds: 3, headers: []string{"Host: " + host(0)}})
			p99[one.name] = append(p99[one.name], seen.p99)
			return seen.rps, err
		}})
	}
	rps, err := b.interleave(ctx, "requests/s", sides...)
	if err != nil {
		return err
	}
	for name := range p99 {
		p99[name] = p99[name][1:] // the first warmed up
	}
	rate := compared("requests/s", rps["ours"], rps["nginx"], "nginx").atLeast(ofRatio, 0.6)
	tail := compared("ms", p99["ours"], p99["nginx"], "nginx")
	for _, one := range []string{"haproxy", "caddy", "direct"} {
		rate.other(one+" to nginx", ratio(rps[one], rps["nginx"]))
		tail.other(one+" ms", median(p99[one]))
	}
	b.record("router_rps", rate)
	b.record("router_p99", tail)
	return nil
}

// startBackend starts the small program behind the proxies.
func (b *bench) startBackend(ctx context.Context) (string, error) {
	return b.startBackendOn(ctx, "127.0.0.1")
}

// startBackendOn starts it on a network address, "" for all that there are, and
// gives one of them.
func (b *bench) startBackendOn(ctx context.Context, ip string) (string, error) {
	at, err := freeAddresses(1)
	if err != nil {
		return "", err
	}
	_, port, _ := strings.Cut(at[0], ":")
	cmd := exec.Command(b.app)
	cmd.Env = []string{"LISTEN=" + ip + ":" + port}
	p, err := b.start(cmd, "backend-"+strings.ReplaceAll(at[0], ":", "-"))
	if err != nil {
		return "", err
	}
	return at[0], p.answers(ctx, "http://"+at[0]+"/", "")
}

func startNginx(ctx context.Context, b *bench, backend string) (proxied, error) {
	return b.startProxy(ctx, "nginx", fmt.Sprintf(`
daemon off;
worker_processes auto;
pid %[1]s/nginx.pid;
error_log %[1]s/nginx-error.log warn;
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_requests 1000000;
  client_body_temp_path %[1]s/nginx-body;
  proxy_temp_path %[1]s/nginx-proxy;
  fastcgi_temp_path %[1]s/nginx-fastcgi;
  uwsgi_temp_path %[1]s/nginx-uwsgi;
  scgi_temp_path %[1]s/nginx-scgi;
  upstream app { server %[2]s; keepalive 64; keepalive_requests 1000000; }
  server {
    listen LISTEN;
    server_name %[3]s;
    location / {
      proxy_pass http://app;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }
  }
}
`, b.dir, backend, host(0)), "/usr/sbin/nginx", "-e", filepath.Join(b.dir, "nginx-error.log"), "-p", b.dir, "-c")
}

func startHAProxy(ctx context.Context, b *bench, backend string) (proxied, error) {
	return b.startProxy(ctx, "haproxy", fmt.Sprintf(`
global
  maxconn 8192
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
  option forwardfor
frontend in
  bind LISTEN
  use_backend app if { req.hdr(host) -i %s }
backend app
  server one %s maxconn 8192
`, host(0), backend), "/usr/sbin/haproxy", "-db", "-f")
}

func startCaddy(ctx context.Context, b *bench, backend string) (proxied, error) {
	return b.startProxy(ctx, "caddy", fmt.Sprintf(`
{
	admin off
	auto_https off
}
http://%s:PORT {
	bind 127.0.0.1
	reverse_proxy %s
}
`, host(0), backend), "caddy", "run", "--adapter", "caddyfile", "--config")
}

// startProxy starts a program with a configuration of its own; its file is the
// last argument, and LISTEN and PORT in it are where it listens.
func (b *bench) startProxy(ctx context.Context, name, config string, command ...string) (proxied, error) {
	at, err := freeAddresses(1)
	if err != nil {
		return proxied{}, err
	}
	_, port, _ := strings.Cut(at[0], ":")
	file := filepath.Join(b.dir, name+".conf")
	if err := writeFile(file, strings.NewReplacer("LISTEN", at[0], "PORT", port).Replace(config)); err != nil {
		return proxied{}, err
	}
	cmd := exec.Command(command[0], append(command[1:], file)...)
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=" + b.dir, "XDG_DATA_HOME=" + b.dir, "XDG_CONFIG_HOME=" + b.dir}
	p, err := b.start(cmd, name)
	if err != nil {
		return proxied{}, fmt.Errorf("%w; scripts/setup.sh bench installs it", err)
	}
	return proxied{name, "http://" + at[0]}, p.answers(ctx, "http://"+at[0]+"/", host(0))
}
