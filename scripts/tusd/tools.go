package tools

import _ "github.com/tus/tusd/v2/cmd/tusd"
