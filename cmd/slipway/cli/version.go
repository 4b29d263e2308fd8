package cli

import (
	"github.com/spf13/cobra"
)

func (c *cli) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the versions of this program and of the server",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			versions := map[string]string{"client": c.version}
			address, token, err := c.credentials()
			if err != nil {
				return err
			}
			if address != "" {
				versions["url"] = address
				s, err := c.dial(address, token)
				if err != nil {
					return err
				}
				if setup, err := ok(s.api.GetSetupWithResponse(cmd.Context())); err == nil {
					versions["server"] = setup.Version
				} else {
					c.note("The server's version is not known: %s", explain(cmd.Context(), err).message)
				}
			}
			if c.json {
				return c.print(versions)
			}
			server := versions["server"]
			if server != "" {
				server += " at " + address
			}
			return c.facts("Client", c.version, "Server", server)
		},
	}
}
