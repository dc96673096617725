<?php
echo "broken
