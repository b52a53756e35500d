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

package im

import (
	"fmt"
	"slices"
)

// infoFields are the fields of getappinfo; every value is text.
var infoFields = []string{
	"AppName", "AppId", "Company", "ActiveUserNum", "RegistUserNumOneDay", "RegistUserNumTotal", "LoginTimes",
	"LoginUserNum", "UpMsgNum", "SendMsgUserNum", "APNSMsgNum", "C2CUpMsgNum", "C2CDownMsgNum", "C2CSendMsgUserNum",
	"C2CAPNSMsgNum", "MaxOnlineNum", "DownMsgNum", "ChainIncrease", "ChainDecrease", "GroupUpMsgNum",
	"GroupDownMsgNum", "GroupSendMsgUserNum", "GroupAPNSMsgNum", "GroupSendMsgGroupNum", "GroupJoinGroupTimes",
	"GroupQuitGroupTimes", "GroupNewGroupNum", "GroupAllGroupNum", "GroupDestroyGroupNum", "CallBackReq",
	"CallBackRsp", "Date",
}

const infoDays = 30

// getAppInfo answers one object per day, the newest first. The totals are true
// for the present day; the simulator keeps no history, so others are 0.
func (s *Simulator) getAppInfo(c *call) (answer, error) {
	wanted, given := c.texts("RequestField")
	if err := c.err(); err != nil {
		return nil, err
	}
	days := make([]answer, 0, infoDays)
	for day := range infoDays {
		known := map[string]string{
			"AppName": "simulator", "Company": "simulator", "AppId": fmt.Sprint(s.options.SDKAppID),
			"Date": c.now.UTC().AddDate(0, 0, -day).Format("20060102"),
		}
		if day == 0 {
			known["RegistUserNumTotal"] = fmt.Sprint(len(s.accounts))
			known["GroupAllGroupNum"] = fmt.Sprint(len(s.groups))
			known["C2CUpMsgNum"] = fmt.Sprint(s.sends.add(c.now, 0))
		}
		entry := answer{}
		for _, field := range infoFields {
			if !given || slices.Contains(wanted, field) {
				entry[field] = orDefault(known[field], "0")
			}
		}
		days = append(days, entry)
	}
	return answer{"ErrorInfo": "OK", "Result": days}, nil
}

// getIPList answers addresses of the documentation ranges.
func (s *Simulator) getIPList(*call) (answer, error) {
	return answer{"IPList": []string{"203.0.113.7", "198.51.100.0/25"}}, nil
}
