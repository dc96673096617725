<?php echo "index of ", PHP_SAPI, " ", $_SERVER["SERVER_SOFTWARE"], "\n";
