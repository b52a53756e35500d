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

package expression

import (
	"errors"
	"fmt"
	"math"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// MaxPoints that an expression can give for one message.
const MaxPoints = 1_000_000

// Condition is a compiled expression of type bool. Safe for concurrent use.
type Condition struct{ program cel.Program }

// CompileCondition compiles an expression that says yes or no. The error says
// what to change about the expression.
func CompileCondition(source string) (*Condition, error) {
	program, err := compile(source, "a bool", cel.BoolType)
	if err != nil {
		return nil, err
	}
	return &Condition{program}, nil
}

// Holds evaluates the expression. It fails where the message has not what the
// expression asks for, and above MaxCost.
func (c *Condition) Holds(v *Variables) (bool, error) {
	value, err := evaluate(c.program, v)
	if err != nil {
		return false, err
	}
	holds, ok := value.(types.Bool)
	if !ok {
		return false, fmt.Errorf("gave %s, not a bool", value.Type().TypeName())
	}
	return bool(holds), nil
}

// Points is a compiled expression that gives a number of points. Safe for
// concurrent use.
type Points struct{ program cel.Program }

// CompilePoints compiles an expression of type int; uint, double and dyn are
// taken too, since JSON decides what a number is. The error says what to change
// about the expression.
func CompilePoints(source string) (*Points, error) {
	program, err := compile(source, "an int, with int(...) where it is something else", cel.IntType, cel.UintType, cel.DoubleType, cel.DynType)
	if err != nil {
		return nil, err
	}
	return &Points{program}, nil
}

// Of evaluates the expression. It fails as Condition does, and for anything but
// a whole number from 0 to MaxPoints.
func (p *Points) Of(v *Variables) (int64, error) {
	value, err := evaluate(p.program, v)
	if err != nil {
		return 0, err
	}
	var points int64
	switch n := value.(type) {
	case types.Int:
		points = int64(n)
	case types.Uint:
		points = int64(min(n, math.MaxInt64))
	case types.Double:
		if float64(n) != math.Trunc(float64(n)) || math.Abs(float64(n)) > MaxPoints {
			return 0, fmt.Errorf("gave %v, not a whole number from 0 to %d", float64(n), MaxPoints)
		}
		points = int64(n)
	default:
		return 0, fmt.Errorf("gave %s, not an int", value.Type().TypeName())
	}
	if points < 0 || points > MaxPoints {
		return 0, fmt.Errorf("gave %d, not a number from 0 to %d", points, MaxPoints)
	}
	return points, nil
}

// errNoBody is the outcome of a message that could not be read.
var errNoBody = errors.New("the message could not be read")

func evaluate(program cel.Program, v *Variables) (ref.Val, error) {
	if v.message.Body == nil {
		return nil, errNoBody
	}
	value, _, err := program.Eval(v)
	return value, err
}
