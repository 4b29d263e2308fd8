package api

import (
	"context"
	"io"

	"github.com/slipway-paas/slipway/examples"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/pipeline"
)

func (a *API) exampleRoutes() {
	register(a, get("list-examples", "/examples", tagDeployments, "List the examples that can be deployed"), a.listExamples)
}

// Example is an app to try, which the server carries with it.
type Example struct {
	Name        string `json:"name" example:"static-site"`
	Title       string `json:"title"`
	Description string `json:"description" doc:"One sentence"`
	Builder     string `json:"builder" doc:"What makes its image"`
	Broken      bool   `json:"broken" doc:"It fails on purpose: it shows that what is live goes on serving"`
}

func (a *API) listExamples(_ context.Context, _ caller, _ *struct{}) (*body[Page[Example]], error) {
	all := examples.All()
	items := make([]Example, len(all))
	for i, e := range all {
		items[i] = Example(e)
	}
	return page(items, ""), nil
}

// exampleSubmission keeps the files of an example as a source and asks for a
// deployment of it.
func (a *API) exampleSubmission(ctx context.Context, name, description string) (pipeline.Submission, error) {
	example, ok := examples.Find(name)
	if !ok {
		return pipeline.Submission{}, models.Invalid("example", "no such example; list them at %s/examples", apiBase)
	}
	read, write := io.Pipe()
	go func() { _ = write.CloseWithError(example.Tar(write)) }()
	up, err := a.deps.Pipeline.Sources().Save(ctx, read)
	_ = read.Close() // ends the packing if the saving ended before it
	if err != nil {
		return pipeline.Submission{}, err
	}
	if description == "" {
		description = example.Title
	}
	return pipeline.Submission{Trigger: models.TriggerUpload, SourceID: up.ID, CommitMessage: description}, nil
}
