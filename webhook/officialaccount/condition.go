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

package officialaccount

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/wechat"
)

// conditions are the full set for an account. Ready is True while nothing stands
// between customers and agents; a night without agents, or a message that was
// given up, does not change that.
func conditions(object *imv1alpha1.WeChatOfficialAccount, found *findings, now time.Time) []metav1.Condition {
	wanted := details(object, found, now)
	ready := metav1.Condition{Type: imv1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: imv1alpha1.ReasonRelaying,
		Message: "customers and agents are connected"}
	stalled := false
	if found.wait != nil {
		ready.Status, ready.Reason, ready.Message = metav1.ConditionFalse, found.wait.Reason, found.wait.Message
		stalled = found.wait.Reason == imv1alpha1.ReasonInvalid
	} else {
		for i := range wanted {
			if obstructs(&wanted[i]) {
				ready.Status, ready.Reason, ready.Message = metav1.ConditionFalse, wanted[i].Reason, wanted[i].Message
				break
			}
		}
	}
	all := append([]metav1.Condition{ready}, wanted...)
	switch {
	case stalled:
		all = append(all, metav1.Condition{Type: imv1alpha1.ConditionStalled, Status: metav1.ConditionTrue, Reason: ready.Reason, Message: ready.Message})
	case ready.Status != metav1.ConditionTrue:
		all = append(all, metav1.Condition{Type: imv1alpha1.ConditionReconciling, Status: metav1.ConditionTrue, Reason: ready.Reason, Message: ready.Message})
	}
	return merged(object, all, now)
}

// merged keeps the transition times of what is as it was.
func merged(object *imv1alpha1.WeChatOfficialAccount, wanted []metav1.Condition, now time.Time) []metav1.Condition {
	var all []metav1.Condition
	for _, condition := range wanted {
		condition.ObservedGeneration = object.Generation
		if known := meta.FindStatusCondition(object.Status.Conditions, condition.Type); known != nil {
			all = append(all, *known)
		} else {
			condition.LastTransitionTime = metav1.NewTime(now.Truncate(time.Second))
		}
		meta.SetStatusCondition(&all, condition)
	}
	return all
}

// obstructs reports whether a condition keeps customers and agents apart.
func obstructs(c *metav1.Condition) bool {
	if c.Status == metav1.ConditionTrue {
		return false
	}
	return !slices.Contains([]string{
		imv1alpha1.ReasonNoAgentOnline, imv1alpha1.ReasonOutOfHours, imv1alpha1.ReasonBacklog, imv1alpha1.ReasonDeadLetters,
	}, c.Reason)
}

// details are the conditions that Ready summarises. An account that is not served
// has none of them.
func details(object *imv1alpha1.WeChatOfficialAccount, found *findings, now time.Time) []metav1.Condition {
	if found.account == nil {
		return nil
	}
	all := []metav1.Condition{
		asBefore(object, found, verified(object, found)), asBefore(object, found, tokenValid(found)), agentsAvailable(found, now),
	}
	return append(all, relaying(found, all))
}

// asBefore keeps a condition as it was while the log does not tell what it depends on.
func asBefore(object *imv1alpha1.WeChatOfficialAccount, found *findings, now metav1.Condition) metav1.Condition {
	if before := meta.FindStatusCondition(object.Status.Conditions, now.Type); found.log != nil && before != nil {
		return *before
	}
	return now
}

func condition(kind string, ok bool, reason, format string, args ...any) metav1.Condition {
	c := metav1.Condition{Type: kind, Status: metav1.ConditionFalse, Reason: reason, Message: fmt.Sprintf(format, args...)}
	if ok {
		c.Status = metav1.ConditionTrue
	}
	return c
}

func verified(object *imv1alpha1.WeChatOfficialAccount, found *findings) metav1.Condition {
	kind := imv1alpha1.ConditionVerified
	if found.pushes != nil {
		return condition(kind, false, found.pushes.Reason, "%s", found.pushes.Message)
	}
	shown := slices.ContainsFunc(found.account.Keys, func(k Key) bool { return k.Segment == found.handshake.Segment })
	secret := object.Spec.CredentialsSecretRef.Name
	switch {
	case !found.handshake.Mismatch.IsZero():
		return condition(kind, false, imv1alpha1.ReasonSignatureMismatch,
			"somebody came to status.callbackPath with another token or encodingAESKey, or less protected than messageMode %s: compare the server settings in the WeChat console with Secret %s",
			object.Spec.MessageMode, secret)
	case shown:
		return condition(kind, true, imv1alpha1.ReasonHandshaken, "WeChat comes to status.callbackPath with the right signature")
	default:
		return condition(kind, false, imv1alpha1.ReasonAwaitingHandshake,
			"WeChat has not come to status.callbackPath yet: enter the webhook's public address followed by it in the WeChat console (server settings), with the token and the encodingAESKey of Secret %s and messageMode %s, and submit",
			secret, object.Spec.MessageMode)
	}
}

func tokenValid(found *findings) metav1.Condition {
	kind := imv1alpha1.ConditionTokenValid
	switch {
	case found.calls != nil:
		return condition(kind, false, found.calls.Reason, "%s", found.calls.Message)
	case !found.token.needed:
		return condition(kind, true, imv1alpha1.ReasonNotNeeded, "an account that is not Verified has nothing to call")
	case found.token.err != nil:
		reason, message := refusal(found.token.err)
		return condition(kind, false, reason, "%s", message)
	default:
		return condition(kind, true, imv1alpha1.ReasonValid, "WeChat accepts the AppSecret")
	}
}

// lasting is what a text of WeChat says of the trouble, without what it says of the
// request: that differs each time, and would be news each time.
func lasting(info string) string {
	for _, mark := range []string{"rid:", "hint:", "reqid"} {
		if at := strings.Index(strings.ToLower(info), mark); at >= 0 {
			info = info[:at]
		}
	}
	return strings.TrimRight(info, " ,;([")
}

// refusal says what a person should do about an error of WeChat.
func refusal(err error) (reason, message string) {
	code := wechat.CodeOf(err)
	told := ""
	if refused, ok := wechat.AsError(err); ok && refused.Info != "" {
		told = fmt.Sprintf(" (WeChat: %d %s)", code, lasting(refused.Info))
	}
	switch code {
	case 40164:
		return imv1alpha1.ReasonAddressNotAllowed, "the address that calls come from is not in the account's IP list: add it in the WeChat console (basic settings)" + told
	case 89503, 89506, 89507:
		return imv1alpha1.ReasonAddressNotAllowed, "WeChat holds the address back that calls come from: the account's administrator has to confirm it in WeChat" + told
	case 40001, 40125:
		return imv1alpha1.ReasonInvalidSecret, "the AppSecret is wrong: put the one of the WeChat console into the Secret; it may have been reset" + told
	case 40013:
		return imv1alpha1.ReasonInvalidAppID, "WeChat does not know spec.appID: create a WeChatOfficialAccount with the right one" + told
	case 40243, 50002, 50004, 50007:
		return imv1alpha1.ReasonAccountFrozen, "WeChat has frozen or restricts the account or its AppSecret: see the notices in the WeChat console" + told
	case 48001:
		return imv1alpha1.ReasonNotAuthorized, "the account has not the right to the interface: correct spec.verification, or see the interface rights in the WeChat console" + told
	}
	switch wechat.KindOf(err) {
	case wechat.AddressNotAllowed:
		return imv1alpha1.ReasonAddressNotAllowed, "WeChat does not take calls from this address: see the IP list in the WeChat console" + told
	case wechat.NotAuthorized:
		return imv1alpha1.ReasonNotAuthorized, "the account has not the right to the interface: see the interface rights in the WeChat console" + told
	case wechat.Unauthorized:
		return imv1alpha1.ReasonInvalidSecret, "WeChat does not accept the AppID with the AppSecret: compare both with the WeChat console" + told
	case wechat.DailyQuota, wechat.RateLimited:
		return imv1alpha1.ReasonRateLimited, "WeChat gives no access token because of too many calls: it is asked again by itself" + told
	default:
		return imv1alpha1.ReasonUnavailable, "WeChat does not answer as it should: it is asked again by itself" + told
	}
}

// named is how many names a message lists.
const named = 5

func agentsAvailable(found *findings, now time.Time) metav1.Condition {
	kind := imv1alpha1.ConditionAgentsAvailable
	if len(found.agents.known) == 0 {
		why := ""
		if len(found.agents.unknown) > 0 {
			why = ": " + strings.Join(found.agents.unknown[:min(len(found.agents.unknown), named)], ", ")
		}
		return condition(kind, false, imv1alpha1.ReasonNoAgents, "spec.agents selects no account that IM knows%s; messages wait until there is one", why)
	}
	if !found.account.Hours.Open(now) {
		return condition(kind, false, imv1alpha1.ReasonOutOfHours, "it is outside of spec.businessHours; agents find the messages when they come")
	}
	offline := 0
	for _, agent := range found.agents.known {
		if agent.Presence == imv1alpha1.PresenceOffline {
			offline++
		}
	}
	if offline == len(found.agents.known) {
		return condition(kind, false, imv1alpha1.ReasonNoAgentOnline, "all agents are offline; they find the messages when they sign in")
	}
	return condition(kind, true, imv1alpha1.ReasonAvailable, "an agent takes who writes")
}

// relaying judges by the other conditions and by what happens.
func relaying(found *findings, others []metav1.Condition) metav1.Condition {
	kind, traffic := imv1alpha1.ConditionRelaying, &found.traffic
	if found.account.Held != "" {
		return condition(kind, false, imv1alpha1.ReasonPaused, "%s", found.account.Held)
	}
	if found.log != nil {
		return condition(kind, false, imv1alpha1.ReasonLogUnavailable,
			"the log of the webhook does not answer: messages of customers are refused, and WeChat tries each three times; see the log and the metrics of the webhook")
	}
	for i := range others {
		if obstructs(&others[i]) {
			return condition(kind, false, imv1alpha1.ReasonNotReady, "%s is False (%s)", others[i].Type, others[i].Reason)
		}
	}
	switch {
	case traffic.Obstacle != "":
		return condition(kind, false, imv1alpha1.ReasonProviderUnavailable, "%s; messages are kept", traffic.Obstacle)
	case traffic.Backlog > 0:
		return condition(kind, false, imv1alpha1.ReasonBacklog, "messages come faster than they are passed on; none is lost")
	case traffic.DeadLetters > 0:
		return condition(kind, false, imv1alpha1.ReasonDeadLetters,
			"messages were given up, and are kept for 30 days: list, replay or drop them with the command deadletters in the pod of the webhook")
	case !found.account.Sends():
		return condition(kind, true, imv1alpha1.ReasonReducedRights,
			"the account may not send customer messages: the answers of agents wait for the customer's next message, and go out as text")
	default:
		return condition(kind, true, imv1alpha1.ReasonRelaying, "messages go both ways")
	}
}
