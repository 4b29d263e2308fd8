package builder

import (
	"fmt"

	"github.com/goccy/go-yaml/ast"
	"github.com/google/shlex"
)

// scalar is a YAML scalar as it was written: 1.20 stays "1.20".
type scalar string

// UnmarshalYAML takes any scalar.
func (s *scalar) UnmarshalYAML(node ast.Node) error {
	switch n := node.(type) {
	case *ast.StringNode:
		*s = scalar(n.Value)
	case *ast.LiteralNode:
		*s = scalar(n.Value.Value)
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		*s = scalar(n.GetToken().Value)
	case *ast.NullNode:
		*s = ""
	default:
		return atLine(node, "a single value is expected, not a list or a map")
	}
	return nil
}

// command is an argument vector, written as a list or as one string.
type command []string

// UnmarshalYAML takes either form. No shell is involved: a string is split
// into words, and one that only a shell understands is refused.
func (c *command) UnmarshalYAML(node ast.Node) error {
	if list, ok := node.(*ast.SequenceNode); ok {
		for _, item := range list.Values {
			var word scalar
			if err := word.UnmarshalYAML(item); err != nil {
				return err
			}
			*c = append(*c, string(word))
		}
		return nil
	}
	var text scalar
	if err := text.UnmarshalYAML(node); err != nil {
		return atLine(node, "a command is a string or a list of strings")
	}
	if needsShell(string(text)) {
		return atLine(node, "command %q needs a shell, and none is used; write it as [\"/bin/sh\", \"-c\", …] if the image has one", shorten(string(text)))
	}
	words, err := shlex.Split(string(text))
	if err != nil {
		return atLine(node, "command %q: a quote is not closed", shorten(string(text)))
	}
	*c = words
	return nil
}

func atLine(node ast.Node, format string, args ...any) error {
	message := fmt.Sprintf(format, args...)
	if tok := node.GetToken(); tok != nil && tok.Position != nil {
		return fmt.Errorf("line %d: %s", tok.Position.Line, message)
	}
	return fmt.Errorf("%s", message)
}
