/*
Copyright 2026 The LiveRoom Operator Authors.

Licensed under the Apache License, Version 2.0 (the "License");
you may not use this file except in compliance with the License.
You may obtain a copy of the License at

    http://www.apache.org/licenses/LICENSE-2.0

Unless required by applicable law or agreed to in writing, software
distributed under the License is distributed on an "AS IS" BASIS,
WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
See the License for the specific language governing permissions and
limitations under the License.
*/

// Package expression evaluates CEL over messages, for policies of moderation
// and of levels. An expression is checked and its cost is bounded when it is
// compiled; what a message makes it cost is bounded once more when it runs.
package expression

import (
	"fmt"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/ext"

	"github.com/liveroom-io/liveroom-operator/webhook/message"
)

// Limits of expressions. A unit of cost is about one look at a value.
const (
	// MaxLength of an expression in bytes.
	MaxLength = 4096 * 4
	// MaxEstimatedCost is what an expression may cost in the worst case that CEL
	// can see, where every text and list is as large as a message. It leaves room
	// for a search in each item of a list, not for loops inside of each other.
	MaxEstimatedCost = 50_000_000
	// MaxCost is what an expression may cost for one message, about 5 ms. Above
	// it the expression fails.
	MaxCost = 200_000

	// maxText is the most that one message of IM can carry, in bytes.
	maxText = 12 << 10
	// maxLoops inside of each other.
	maxLoops = 2
	// maxPattern is the size of a compiled regular expression.
	maxPattern = 2000
)

// Names of the variables.
const (
	varText          = "text"
	varElements      = "elements"
	varEvent         = "event"
	varExt           = "ext"
	varCloudData     = "cloudCustomData"
	varSender        = "sender"
	varOperator      = "operator"
	varPlatform      = "platform"
	varGroupID       = "groupID"
	varGroupType     = "groupType"
	varRoomName      = "room.name"
	varRoomNamespace = "room.namespace"
	varRoomLabels    = "room.labels"
)

// compiling keeps compilations apart: the environment fills in what it needs for
// the messages of errors as it goes, and not safely. What was compiled is safe.
var compiling sync.Mutex

// environment is the same for all expressions, and takes a while to make.
var environment = sync.OnceValues(func() (*cel.Env, error) {
	return cel.NewEnv(
		cel.Variable(varText, cel.StringType),
		cel.Variable(varElements, cel.ListType(cel.MapType(cel.StringType, cel.DynType))),
		cel.Variable(varEvent, cel.StringType),
		cel.Variable(varExt, cel.DynType),
		cel.Variable(varCloudData, cel.StringType),
		cel.Variable(varSender, cel.StringType),
		cel.Variable(varOperator, cel.StringType),
		cel.Variable(varPlatform, cel.StringType),
		cel.Variable(varGroupID, cel.StringType),
		cel.Variable(varGroupType, cel.StringType),
		cel.Variable(varRoomName, cel.StringType),
		cel.Variable(varRoomNamespace, cel.StringType),
		cel.Variable(varRoomLabels, cel.MapType(cel.StringType, cel.StringType)),
		cel.CrossTypeNumericComparisons(true),
		cel.DefaultUTCTimeZone(true),
		cel.ParserRecursionLimit(64),
		ext.Strings(),
		ext.Math(),
		cel.ASTValidators(
			cel.ValidateRegexLiterals(),
			cel.ValidateRegexProgramSizeLimit(maxPattern),
			cel.ValidateComprehensionNestingLimit(maxLoops),
		),
	)
})

// compile checks a source and makes a program of it that gives one of types.
func compile(source, want string, types ...*cel.Type) (cel.Program, error) {
	if len(source) > MaxLength {
		return nil, fmt.Errorf("has %d bytes: shorten it to %d", len(source), MaxLength)
	}
	env, err := environment()
	if err != nil {
		return nil, fmt.Errorf("environment of expressions: %w", err)
	}
	compiling.Lock()
	checked, issues := env.Compile(source)
	compiling.Unlock()
	if issues.Err() != nil { // never without an entry in Errors
		return nil, fmt.Errorf("is not valid CEL: %s", first(issues.Errors()))
	}
	if !oneOf(checked.OutputType(), types) {
		return nil, fmt.Errorf("gives %s: make it give %s", checked.OutputType(), want)
	}
	if err := literalPatterns(checked); err != nil {
		return nil, err
	}
	estimate, err := env.EstimateCost(checked, estimator{})
	if err != nil {
		return nil, fmt.Errorf("estimate the cost: %w", err)
	}
	if estimate.Max > MaxEstimatedCost {
		return nil, fmt.Errorf("can cost %d for one message, more than %d: use fewer loops inside of each other, or search shorter texts", estimate.Max, uint64(MaxEstimatedCost))
	}
	program, err := env.Program(checked, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(MaxCost))
	if err != nil {
		return nil, fmt.Errorf("cannot be made a program: %w", err)
	}
	return program, nil
}

// first is the first error, on one line, as conditions show it.
func first(issues []*cel.Error) string {
	issue := issues[0]
	text, _, _ := strings.Cut(issue.Message, "\n")
	return fmt.Sprintf("line %d, column %d: %s", issue.Location.Line(), issue.Location.Column()+1, text)
}

func oneOf(got *cel.Type, types []*cel.Type) bool {
	for _, want := range types {
		if got.IsExactType(want) {
			return true
		}
	}
	return false
}

// literalPatterns refuses patterns that are put together at run time: a viewer
// could write them.
func literalPatterns(checked *cel.Ast) (err error) {
	ast.PreOrderVisit(checked.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.CallKind || e.AsCall().FunctionName() != overloads.Matches {
			return
		}
		args := e.AsCall().Args()
		if len(args) > 0 && args[len(args)-1].Kind() != ast.LiteralKind {
			err = fmt.Errorf("gives %s a pattern that is not a literal: write the pattern in the expression", overloads.Matches)
		}
	}))
	return err
}

// estimator knows how large the values of a message can be.
type estimator struct{}

// EstimateSize implements cost.Estimator. Whatever comes out of a message is not
// larger than a message.
func (estimator) EstimateSize(node cost.AstNode) *cost.SizeEstimate {
	if node.ComputedSize() != nil {
		return nil
	}
	estimate := cost.RangedSizeEstimate(0, maxText)
	if path := node.Path(); len(path) == 1 && path[0] == varElements {
		estimate.Max = message.MaxElements
	}
	return &estimate
}

// EstimateCallCost implements cost.Estimator.
func (estimator) EstimateCallCost(string, string, *cost.AstNode, []cost.AstNode) *cost.CallEstimate {
	return nil
}
