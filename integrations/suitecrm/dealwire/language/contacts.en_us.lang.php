<?php
$mod_strings['LBL_DW_COMMISSIONS'] = 'Commissions';
$mod_strings['LBL_DW_PANEL'] = 'Dealwire';
$mod_strings['LBL_DW_EXTERNAL_ID'] = 'Dealwire id';
$mod_strings['LBL_DW_AGENT_KEY'] = 'Agent key';
$mod_strings['LBL_DW_FULL_NAME'] = 'Full name';
$mod_strings['LBL_DW_COMPANY'] = 'Company';
$mod_strings['LBL_DW_LICENCE'] = 'Licence number';
