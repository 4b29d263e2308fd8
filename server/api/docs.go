package api

import (
	"bytes"
	"cmp"
	_ "embed"
	"encoding/json"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"github.com/slipway-paas/slipway/models"
)

//go:embed docs.html
var docsHTML string

// docsCSS is a file of its own, since the policy takes no styles in a page.
//
//go:embed docs.css
var docsCSS []byte

// docsPage is what the reference page shows.
type docsPage struct {
	Title, Version, Description string
	Tags                        []docsTag
	Schemas                     []docsSchema
	Kinds                       []docsKind
}

type docsTag struct {
	Name       string
	Operations []docsOperation
}

type docsOperation struct {
	ID, Method, Path, Summary, Description, Scope string
	Public                                        bool
	Params                                        []docsField
	Body                                          []docsType
	Answers                                       []docsAnswer
}

type docsAnswer struct {
	Status, Description string
	Type                docsType
}

// docsType is a type in words, with the schema to read on at, if it has a name.
type docsType struct {
	Media, Text, Ref string
}

type docsField struct {
	Name, In, Doc, Example string
	Type                   docsType
	Required               bool
	Values                 []string
}

type docsSchema struct {
	Name   string
	Fields []docsField
}

type docsKind struct {
	Kind    models.Kind
	Status  int
	Meaning string
}

// kinds say what each kind of Problem means; their names are the fragments that
// a Problem's type points to.
var kinds = []docsKind{
	{models.KindInvalid, 422, "The input is wrong; errors says where. 400 when it cannot be read at all."},
	{models.KindUnauthenticated, 401, "Who is asking is not known."},
	{models.KindForbidden, 403, "Who is asking is known and may not."},
	{models.KindNotFound, 404, "There is no such thing, or none that you may see."},
	{models.KindConflict, 409, "The thing's present state does not allow it."},
	{models.KindPrecondition, 412, "It changed since you read it; read it again."},
	{models.KindTooLarge, 413, "The input is over a stated limit."},
	{models.KindRateLimited, 429, "Too many attempts; wait as long as Retry-After says."},
	{models.KindUnavailable, 503, "Postgres, the engine or the disk is away; try again after Retry-After."},
	{models.KindTimeout, 504, "It did not end in the time it had."},
	{models.KindCancelled, 409, "Somebody stopped it."},
	{models.KindFailed, 422, "Your own build or app failed."},
	{models.KindInternal, 500, "A defect of Slipway's; the server's log has it under request_id."},
}

// documentRoutes serves the API's description and the page made of it. Both are
// made once.
func (a *API) documentRoutes() error {
	doc := a.huma.OpenAPI()
	spec, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	older, err := doc.Downgrade()
	if err != nil {
		return err
	}
	page, err := renderDocs(doc)
	if err != nil {
		return err
	}
	serve := func(path, contentType string, content []byte) {
		a.engine.GET(apiBase+path, func(c *gin.Context) {
			c.Header("Cache-Control", "no-cache")
			c.Data(http.StatusOK, contentType, content)
		})
	}
	serve("/openapi.json", "application/openapi+json", spec)
	serve("/openapi-3.0.json", "application/openapi+json", older)
	serve("/docs", "text/html; charset=utf-8", page)
	serve("/docs.css", "text/css; charset=utf-8", docsCSS)
	return nil
}

func renderDocs(doc *huma.OpenAPI) ([]byte, error) {
	tmpl, err := template.New("docs").Parse(docsHTML)
	if err != nil {
		return nil, err
	}
	page := docsPage{Title: doc.Info.Title, Version: doc.Info.Version, Description: doc.Info.Description, Kinds: kinds}
	byTag := map[string]*docsTag{}
	var order []string
	paths := make([]string, 0, len(doc.Paths))
	for path := range doc.Paths {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	for _, path := range paths {
		item := doc.Paths[path]
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Patch, item.Put, item.Delete} {
			if op == nil {
				continue
			}
			tag, ok := byTag[op.Tags[0]]
			if !ok {
				tag = &docsTag{Name: op.Tags[0]}
				byTag[tag.Name] = tag
				order = append(order, tag.Name)
			}
			tag.Operations = append(tag.Operations, describeOperation(op))
		}
	}
	slices.Sort(order)
	for _, name := range order {
		page.Tags = append(page.Tags, *byTag[name])
	}
	for name, schema := range doc.Components.Schemas.Map() {
		page.Schemas = append(page.Schemas, docsSchema{Name: name, Fields: describeFields(schema)})
	}
	slices.SortFunc(page.Schemas, func(a, b docsSchema) int { return cmp.Compare(a.Name, b.Name) })
	var out bytes.Buffer
	if err := tmpl.Execute(&out, page); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func describeOperation(op *huma.Operation) docsOperation {
	d := docsOperation{
		ID: op.OperationID, Method: op.Method, Path: op.Path, Summary: op.Summary, Description: op.Description,
		Public: op.Security != nil && len(op.Security) == 0,
	}
	d.Scope, _ = op.Extensions["x-scope"].(string)
	for _, p := range op.Parameters {
		field := describeField(p.Name, p.Schema, p.Required)
		field.In = p.In
		field.Doc = cmp.Or(p.Description, field.Doc)
		d.Params = append(d.Params, field)
	}
	if op.RequestBody != nil {
		d.Body = describeContent(op.RequestBody.Content)
	}
	statuses := make([]string, 0, len(op.Responses))
	for status := range op.Responses {
		statuses = append(statuses, status)
	}
	slices.Sort(statuses)
	for _, status := range statuses {
		answer := docsAnswer{Status: status, Description: op.Responses[status].Description}
		if types := describeContent(op.Responses[status].Content); len(types) > 0 {
			answer.Type = types[0]
		}
		d.Answers = append(d.Answers, answer)
	}
	return d
}

func describeContent(content map[string]*huma.MediaType) []docsType {
	types := make([]docsType, 0, len(content))
	for media, m := range content {
		t := describeType(m.Schema)
		t.Media = media
		types = append(types, t)
	}
	slices.SortFunc(types, func(a, b docsType) int { return cmp.Compare(a.Media, b.Media) })
	return types
}

func describeFields(schema *huma.Schema) []docsField {
	fields := make([]docsField, 0, len(schema.Properties))
	for name, property := range schema.Properties {
		fields = append(fields, describeField(name, property, slices.Contains(schema.Required, name)))
	}
	slices.SortFunc(fields, func(a, b docsField) int { return cmp.Compare(a.Name, b.Name) })
	return fields
}

func describeField(name string, schema *huma.Schema, required bool) docsField {
	field := docsField{Name: name, Type: describeType(schema), Required: required}
	if schema == nil {
		return field
	}
	field.Doc = schema.Description
	for _, value := range schema.Enum {
		if text, ok := value.(string); ok {
			field.Values = append(field.Values, text)
		}
	}
	if len(schema.Examples) > 0 {
		if text, ok := schema.Examples[0].(string); ok {
			field.Example = text
		}
	}
	return field
}

func describeType(schema *huma.Schema) docsType {
	switch {
	case schema == nil:
		return docsType{}
	case schema.Ref != "":
		name := schema.Ref[strings.LastIndex(schema.Ref, "/")+1:]
		return docsType{Text: name, Ref: name}
	case schema.Type == huma.TypeArray:
		inner := describeType(schema.Items)
		return docsType{Text: "list of " + inner.Text, Ref: inner.Ref}
	case schema.Type == huma.TypeObject:
		if values, ok := schema.AdditionalProperties.(*huma.Schema); ok {
			return docsType{Text: "map to " + describeType(values).Text}
		}
		return docsType{Text: "object"}
	case schema.Format == "date-time":
		return docsType{Text: "time"}
	case schema.Format == "binary":
		return docsType{Text: "bytes"}
	default:
		return docsType{Text: schema.Type}
	}
}
