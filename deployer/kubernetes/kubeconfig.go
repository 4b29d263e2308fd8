package kubernetes

import (
	"errors"
	"fmt"
	"net/url"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// maxKubeconfig is far beyond any that names some clusters.
const maxKubeconfig = 1 << 20

// fromFile reads a kubeconfig of this machine's.
func fromFile(path, context string) (*rest.Config, error) {
	loaded, err := clientcmd.LoadFromFile(path)
	if err == nil {
		err = clientcmd.ResolveLocalPaths(loaded)
	}
	if err != nil {
		return nil, fmt.Errorf("the kubeconfig %s cannot be read: %w", path, err)
	}
	return choose(loaded, context)
}

// fromText reads a kubeconfig that comes from somebody who may know nothing of
// this machine: it may neither name its files nor have programs run on it.
func fromText(text, context string) (*rest.Config, error) {
	if len(text) > maxKubeconfig {
		return nil, errors.New("the kubeconfig is too long")
	}
	loaded, err := clientcmd.Load([]byte(text))
	if err != nil {
		// The parser's own words would quote what it read.
		return nil, errors.New("the kubeconfig is not one: it must be YAML or JSON of kind Config")
	}
	if err := selfContained(loaded); err != nil {
		return nil, err
	}
	return choose(loaded, context)
}

// choose gives one context of a kubeconfig.
func choose(loaded *clientcmdapi.Config, context string) (*rest.Config, error) {
	config, err := clientcmd.NewNonInteractiveClientConfig(*loaded, context, &clientcmd.ConfigOverrides{}, nil).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("the kubeconfig: %w", err)
	}
	server, err := url.Parse(config.Host)
	if err != nil || server.Host == "" && server.Scheme != "" {
		return nil, errors.New("the kubeconfig's server is no address")
	}
	return config, nil
}

// selfContained refuses what would read files or run programs here.
func selfContained(config *clientcmdapi.Config) error {
	for name, cluster := range config.Clusters {
		if cluster.CertificateAuthority != "" {
			return fmt.Errorf("the kubeconfig's cluster %q names a file: use certificate-authority-data", name)
		}
	}
	for name, user := range config.AuthInfos {
		switch {
		case user.Exec != nil || user.AuthProvider != nil:
			return fmt.Errorf("the kubeconfig's user %q gets its credentials from a program: use a token or a client certificate", name)
		case user.ClientCertificate != "" || user.ClientKey != "" || user.TokenFile != "":
			return fmt.Errorf("the kubeconfig's user %q names a file: use client-certificate-data, client-key-data or token", name)
		}
	}
	return nil
}
