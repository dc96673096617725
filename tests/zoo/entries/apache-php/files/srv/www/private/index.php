<?php echo $_SERVER["PHP_AUTH_USER"], " ", $_SERVER["REMOTE_USER"], " ", $_SERVER["AUTH_TYPE"], "\n";
