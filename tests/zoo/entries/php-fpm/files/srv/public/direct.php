<?php echo "own script ", $_SERVER["PATH_INFO"] ?? "-", " ", $_SERVER["SCRIPT_NAME"], "\n";
