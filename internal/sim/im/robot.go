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
	"slices"
	"strings"
)

// maxRobots is how many robots an application may have.
const maxRobots = 20

// createRobot makes a robot account; a repeat makes no second one.
func (s *Simulator) createRobot(c *call) (answer, error) {
	id := c.requiredAccount("UserID")
	profile := readAccountProfile(c.params)
	signature, signed := c.text("SelfSignature")
	if err := c.err(); err != nil {
		return nil, err
	}
	if !validUserID(id) || !strings.HasPrefix(id, robotPrefix) {
		return nil, refuse(codeGroupParameter, "the UserID of a robot begins with %s and has at most 32 bytes", robotPrefix)
	}
	if profile.check() != nil || len(signature) > maxProfileValue {
		return nil, refuse(codeGroupParameter, "a profile value has at most %d bytes", maxProfileValue)
	}
	robot, exists := s.accounts[id]
	if !exists {
		if len(s.robotIDs()) >= maxRobots {
			return nil, refuse(codeGroupParameter, "an app has at most %d robots", maxRobots)
		}
		robot = s.addAccount(id, c.now)
		robot.robot = true
	}
	if profile.nick != nil {
		s.storeProfile(robot, tagNick, *profile.nick)
	}
	if profile.faceURL != nil {
		s.storeProfile(robot, tagImage, *profile.faceURL)
	}
	if signed {
		s.storeProfile(robot, "Tag_Profile_IM_SelfSignature", signature)
	}
	return nil, nil
}

func (s *Simulator) deleteRobot(c *call) (answer, error) {
	id := c.requiredAccount("Robot_Account")
	if err := c.err(); err != nil {
		return nil, err
	}
	robot, exists := s.accounts[id]
	if !exists || !robot.robot {
		return nil, refuse(codeGroupParameter, "robot %s does not exist", id)
	}
	s.removeAccount(robot, c.now)
	s.blockedIDs.remove(id)
	return nil, nil
}

func (s *Simulator) getAllRobots(*call) (answer, error) {
	return answer{"Robot_Account": s.robotIDs()}, nil
}

func (s *Simulator) robotIDs() []string {
	ids := []string{}
	for id, user := range s.accounts {
		if user.robot {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}
