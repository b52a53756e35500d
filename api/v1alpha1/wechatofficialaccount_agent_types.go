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

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// MaxOfficialAccountAgents is how many agents one account can have.
const MaxOfficialAccountAgents = 100

// Routing says which agent gets a customer.
// +kubebuilder:validation:Enum=Sticky;RoundRobin;LeastBusy
type Routing string

const (
	// RoutingSticky prefers the agent whom the customer had last, and otherwise
	// takes the one with the fewest sessions. This is the meaning of an absent
	// routing.
	RoutingSticky Routing = "Sticky"
	// RoutingRoundRobin takes one after the other.
	RoutingRoundRobin Routing = "RoundRobin"
	// RoutingLeastBusy takes the one with the fewest sessions.
	RoutingLeastBusy Routing = "LeastBusy"
)

// AgentSelection says which ImAccounts of the same namespace answer customers.
// Only accounts of the same ImApp do.
// +kubebuilder:validation:XValidation:rule="has(self.accountRefs) != has(self.selector)",message="set exactly one of accountRefs and selector"
type AgentSelection struct {
	// accountRefs name ImAccounts.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=100
	AccountRefs []AccountReference `json:"accountRefs,omitempty"`

	// selector selects ImAccounts by label; an empty one selects all. Of more than
	// 100 accounts the first 100 by name are agents.
	// +optional
	Selector *metav1.LabelSelector `json:"selector,omitempty"`
}

// Weekday is a day of the week.
// +kubebuilder:validation:Enum=Monday;Tuesday;Wednesday;Thursday;Friday;Saturday;Sunday
type Weekday string

// The names are those of time.Weekday.
const (
	WeekdayMonday    Weekday = "Monday"
	WeekdayTuesday   Weekday = "Tuesday"
	WeekdayWednesday Weekday = "Wednesday"
	WeekdayThursday  Weekday = "Thursday"
	WeekdayFriday    Weekday = "Friday"
	WeekdaySaturday  Weekday = "Saturday"
	WeekdaySunday    Weekday = "Sunday"
)

// BusinessHours are when agents work.
type BusinessHours struct {
	// timeZone of the periods, by its name in the IANA database, such as
	// Asia/Shanghai or UTC. A name that the database does not have is reported in
	// the condition Ready.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9][A-Za-z0-9_+-]*)*$`
	// +kubebuilder:validation:XValidation:rule="self != 'Local'",message="Local is the time zone of whatever machine the operator runs on: name a zone, for example Asia/Shanghai"
	TimeZone string `json:"timeZone"`

	// periods of a week. They may overlap.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=14
	Periods []BusinessPeriod `json:"periods"`
}

// BusinessPeriod is a time of day on some days of the week.
// +kubebuilder:validation:XValidation:rule="self.from != self.to",message="a period from a time to the same time could be nothing or the whole day, which is from 00:00 to 24:00: make them different"
type BusinessPeriod struct {
	// days on which the period begins.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=7
	Days []Weekday `json:"days"`

	// from is the time of day when it begins, such as 09:00.
	// +required
	// +kubebuilder:validation:MinLength=5
	// +kubebuilder:validation:MaxLength=5
	// +kubebuilder:validation:Pattern=`^([01][0-9]|2[0-3]):[0-5][0-9]$`
	From string `json:"from"`

	// to is the time of day when it has ended, such as 18:00, up to 24:00. One
	// before from is on the next day.
	// +required
	// +kubebuilder:validation:MinLength=5
	// +kubebuilder:validation:MaxLength=5
	// +kubebuilder:validation:Pattern=`^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$`
	To string `json:"to"`
}

// AgentSessions is how many customers an agent has.
type AgentSessions struct {
	// agentUserID is the agent's UserID in IM.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	AgentUserID string `json:"agentUserID"`

	// count of sessions.
	// +required
	// +kubebuilder:validation:Minimum=0
	Count int32 `json:"count"`
}
