package config

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// variables are all variables that Load reads.
func variables() []string {
	var names []string
	for field := range reflect.TypeFor[Config]().Fields() {
		names = append(names, field.Tag.Get("env"))
	}
	return names
}

// clean takes out what the test's own environment says.
func clean(t *testing.T) {
	t.Helper()
	for _, name := range variables() {
		t.Setenv(name, "")
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
}

func TestNothingSet(t *testing.T) {
	clean(t)
	cfg, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		DataDir: defaultDataDir(), Listen: "127.0.0.1:8000", URL: "http://127.0.0.1:8000", AppDomain: "localhost", LogLevel: "info",
		Router: "container", RouterHTTP: ":8080", RouterHTTPS: ":8443", AppScheme: "http",
		Installation: "slipway", NetworkPool: "10.210.0.0/16",
		BuildConcurrency: 2, BuildTimeout: 30 * time.Minute, HealthTimeout: time.Minute, DrainTimeout: 30 * time.Second,
		StopGrace: 10 * time.Second, MaxSourceMB: 512, AppMemoryMB: 512, AppCPUMilli: 1000, KeepReleases: 10, DiskWatermark: 85, BuildCacheGB: 10, LogStreamMB: 64,
	}
	if !reflect.DeepEqual(cfg, want) {
		t.Errorf("got %+v\nwant %+v", cfg, want)
	}
	if got := cfg.AppURL("hello.localhost"); got != "http://hello.localhost:8080" {
		t.Errorf("an app is at %s", got)
	}
}

// Compositions pass variables on that are set to nothing.
func TestSetToNothing(t *testing.T) {
	clean(t)
	unset, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range variables() {
		t.Setenv(name, "")
	}
	empty, err := Load()
	if err != nil || !reflect.DeepEqual(unset, empty) {
		t.Errorf("got %+v, %v", empty, err)
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	password := filepath.Join(dir, "password")
	if err := os.WriteFile(password, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		set  map[string]string
		is   func(Config) bool
	}{
		{"url from listen", map[string]string{"SLIPWAY_LISTEN": "0.0.0.0:9000"}, func(c Config) bool { return c.URL == "http://127.0.0.1:9000" }},
		{"url from listen without host", map[string]string{"SLIPWAY_LISTEN": ":9000"}, func(c Config) bool { return c.URL == "http://127.0.0.1:9000" }},
		{"url from listen on IPv6", map[string]string{"SLIPWAY_LISTEN": "[2001:db8::1]:9000"}, func(c Config) bool { return c.URL == "http://[2001:db8::1]:9000" }},
		{"url loses its slash", map[string]string{"SLIPWAY_URL": "https://paas.example.com/"}, func(c Config) bool { return c.URL == "https://paas.example.com" }},
		{"relative data folder", map[string]string{"SLIPWAY_DATA": "."}, func(c Config) bool { return filepath.IsAbs(c.DataDir) }},
		{"data folder", map[string]string{"SLIPWAY_DATA": dir}, func(c Config) bool { return c.DataDir == dir }},
		{"no HTTPS", map[string]string{"SLIPWAY_ROUTER_HTTPS": "off"}, func(c Config) bool { return c.RouterHTTPS == "" }},
		{"proxies", map[string]string{"SLIPWAY_TRUSTED_PROXIES": "10.0.0.0/8,2001:db8::/32"}, func(c Config) bool { return len(c.TrustProxy) == 2 }},
		{"key", map[string]string{"SLIPWAY_SECRET_KEY": strings.Repeat("aB", 32)}, func(c Config) bool { return len(c.SecretKey) == 64 }},
		{"duration", map[string]string{"SLIPWAY_BUILD_TIMEOUT": "90s"}, func(c Config) bool { return c.BuildTimeout == 90*time.Second }},
		{"default ports are left out", map[string]string{"SLIPWAY_ROUTER_HTTP": ":80"}, func(c Config) bool { return c.AppURL("a.b") == "http://a.b" }},
		{"https", map[string]string{"SLIPWAY_APP_SCHEME": "https", "SLIPWAY_ROUTER_HTTPS": ":443"}, func(c Config) bool { return c.AppURL("a.b") == "https://a.b" }},
		{"https elsewhere", map[string]string{"SLIPWAY_APP_SCHEME": "https"}, func(c Config) bool { return c.AppURL("a.b") == "https://a.b:8443" }},
		{"registry", map[string]string{"SLIPWAY_REGISTRY": "registry.example.com/team/apps"}, func(c Config) bool { return c.RegistryUsername == "" }},
		{"registry with a port", map[string]string{"SLIPWAY_REGISTRY": "registry:5000"}, func(c Config) bool { return c.Registry == "registry:5000" }},
		{"registry on IPv6", map[string]string{"SLIPWAY_REGISTRY_ADDRESS": "[2001:db8::1]:8000"}, func(c Config) bool { return c.RegistryAddress != "" }},
		{"registry's password", map[string]string{"SLIPWAY_REGISTRY": "a.b", "SLIPWAY_REGISTRY_USERNAME": "ann", "SLIPWAY_REGISTRY_PASSWORD": "x y"}, func(c Config) bool { return c.RegistryPassword == "x y" }},
		{"registry's password in a file", map[string]string{"SLIPWAY_REGISTRY": "a.b", "SLIPWAY_REGISTRY_USERNAME": "ann", "SLIPWAY_REGISTRY_PASSWORD_FILE": password}, func(c Config) bool { return c.RegistryPassword == "hunter2" }},
		{"public port", map[string]string{"SLIPWAY_PUBLIC_HTTP_PORT": "8888"}, func(c Config) bool { return c.AppURL("a.b") == "http://a.b:8888" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			clean(t)
			for name, value := range c.set {
				t.Setenv(name, value)
			}
			cfg, err := Load()
			if err != nil || !c.is(cfg) {
				t.Errorf("got %+v, %v", cfg, err)
			}
		})
	}
}

func TestLoadRefuses(t *testing.T) {
	for _, c := range []struct{ name, value string }{
		{"SLIPWAY_LISTEN", "8000"},
		{"SLIPWAY_LISTEN", "localhost:http"},
		{"SLIPWAY_LISTEN", "localhost:70000"},
		{"SLIPWAY_LISTEN", "my host:80"},
		{"SLIPWAY_URL", "paas.example.com"},
		{"SLIPWAY_URL", "ftp://paas.example.com"},
		{"SLIPWAY_URL", "http://"},
		{"SLIPWAY_URL", "http://ann:secret@paas.example.com"},
		{"SLIPWAY_URL", "http://paas.example.com?x=1"},
		{"SLIPWAY_APP_DOMAIN", "Apps.example.com"},
		{"SLIPWAY_APP_DOMAIN", "*.example.com"},
		{"SLIPWAY_APP_DOMAIN", "apps example.com"},
		{"SLIPWAY_LOG_LEVEL", "loud"},
		{"SLIPWAY_SECRET_KEY", "short"},
		{"SLIPWAY_SECRET_KEY", strings.Repeat("xy", 32)},
		{"SLIPWAY_TRUSTED_PROXIES", "10.0.0.1"},
		{"SLIPWAY_TRUSTED_PROXIES", "10.0.0.0/8,,x"},
		{"SLIPWAY_ROUTER", "docker"},
		{"SLIPWAY_ROUTER_HTTP", "off"},
		{"SLIPWAY_ROUTER_HTTPS", "443"},
		{"SLIPWAY_PUBLIC_HTTP_PORT", "65536"},
		{"SLIPWAY_PUBLIC_HTTP_PORT", "-1"},
		{"SLIPWAY_PUBLIC_HTTP_PORT", "http"},
		{"SLIPWAY_APP_SCHEME", "tcp"},
		{"SLIPWAY_INSTALLATION", "Slip way"},
		{"SLIPWAY_INSTALLATION", "a/b"},
		{"SLIPWAY_NETWORK_POOL", "10.0.0.0"},
		{"SLIPWAY_REGISTRY", "https://registry.example.com"},
		{"SLIPWAY_REGISTRY", "team"},
		{"SLIPWAY_REGISTRY", "a.b/Team"},
		{"SLIPWAY_REGISTRY", "a.b/"},
		{"SLIPWAY_REGISTRY", "a.b/c:latest"},
		{"SLIPWAY_REGISTRY", "a.b:x"},
		{"SLIPWAY_REGISTRY_ADDRESS", "a.b/c"},
		{"SLIPWAY_REGISTRY_ADDRESS", "host"},
		{"SLIPWAY_REGISTRY_ADDRESS", ":8000"},
		{"SLIPWAY_REGISTRY_ADDRESS", "host:0"},
		{"SLIPWAY_REGISTRY_ADDRESS", "http://a.b:8000"},
		{"SLIPWAY_REGISTRY_USERNAME", "ann"},
		{"SLIPWAY_REGISTRY_PASSWORD", "hunter2"},
		{"SLIPWAY_REGISTRY_PASSWORD_FILE", "/dev/zero"},
		{"SLIPWAY_REGISTRY_PASSWORD_FILE", "/nonexistent"},
		{"SLIPWAY_BUILD_CONCURRENCY", "0"},
		{"SLIPWAY_BUILD_CONCURRENCY", "two"},
		{"SLIPWAY_BUILD_CONCURRENCY", "99999999999999999999"},
		{"SLIPWAY_BUILD_TIMEOUT", "0s"},
		{"SLIPWAY_BUILD_TIMEOUT", "30"},
		{"SLIPWAY_BUILD_TIMEOUT", "-1m"},
		{"SLIPWAY_HEALTH_TIMEOUT", "0"},
		{"SLIPWAY_DRAIN_TIMEOUT", "-1s"},
		{"SLIPWAY_STOP_GRACE", "48h"},
		{"SLIPWAY_MAX_SOURCE_MB", "-1"},
		{"SLIPWAY_MAX_SOURCE_MB", "9007199254740993"},
		{"SLIPWAY_APP_MEMORY_MB", "0"},
		{"SLIPWAY_APP_CPU_MILLI", "1"},
		{"SLIPWAY_KEEP_RELEASES", "0"},
		{"SLIPWAY_LOG_STREAM_MB", "0"},
		{"SLIPWAY_ALLOW_FILE_SOURCES", "maybe"},
	} {
		t.Run(c.name+"="+c.value, func(t *testing.T) {
			clean(t)
			t.Setenv(c.name, c.value)
			if cfg, err := Load(); err == nil || !strings.Contains(err.Error(), c.name) || !reflect.DeepEqual(cfg, Config{}) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestLoadNamesAllThatIsWrong(t *testing.T) {
	for _, set := range []map[string]string{
		{"SLIPWAY_LISTEN": "x", "SLIPWAY_ROUTER": "x", "SLIPWAY_KEEP_RELEASES": "-3"},
		{"SLIPWAY_REGISTRY": "a.b", "SLIPWAY_REGISTRY_ADDRESS": "b.c", "SLIPWAY_REGISTRY_PASSWORD": "hunter2", "SLIPWAY_REGISTRY_PASSWORD_FILE": "/nonexistent", "SLIPWAY_REGISTRY_USERNAME": ""},
		{"SLIPWAY_BUILD_TIMEOUT": "x", "SLIPWAY_KEEP_RELEASES": "x", "SLIPWAY_ALLOW_FILE_SOURCES": "x"},
	} {
		clean(t)
		for name, value := range set {
			t.Setenv(name, value)
		}
		_, err := Load()
		if err == nil {
			t.Fatal("nothing was wrong")
		}
		for name := range set {
			if !strings.Contains(err.Error(), name) {
				t.Errorf("%v does not name %s", err, name)
			}
		}
	}
}

func FuzzLoad(f *testing.F) {
	for i, name := range variables() {
		f.Add(i, "x")
		f.Add(i, "-1")
		f.Add(i, name+"=:0")
	}
	f.Add(2, "[::1]:80")
	f.Add(3, "http://[::1")
	f.Add(6, "::/0,")
	f.Fuzz(func(t *testing.T, which int, value string) {
		if strings.ContainsRune(value, 0) {
			return // no environment holds it
		}
		names := variables()
		name := names[((which%len(names))+len(names))%len(names)]
		clean(t)
		t.Setenv(name, value)
		cfg, err := Load()
		secret := name == "SLIPWAY_SECRET_KEY" || name == "SLIPWAY_ROUTER_TOKEN" || name == "SLIPWAY_REGISTRY_PASSWORD" || name == "DATABASE_URL"
		switch {
		case err != nil && !strings.Contains(err.Error(), name):
			t.Fatalf("%v does not name %s", err, name)
		case err != nil && secret && len(value) > 8 && strings.Contains(err.Error(), value):
			t.Fatalf("%v repeats a secret", err)
		case err == nil && (cfg.BuildConcurrency < 1 || cfg.MaxSourceMB < 1 || cfg.BuildTimeout <= 0 || !filepath.IsAbs(cfg.DataDir) || !isURL(cfg.URL)):
			t.Fatalf("%s=%q was accepted: %+v", name, value, cfg)
		}
	})
}
