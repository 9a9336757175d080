<?php
$layout_defs['Contacts']['subpanel_setup']['dw_commissions_contacts'] = array(
    'order' => 95,
    'module' => 'DW_Commissions',
    'subpanel_name' => 'default',
    'sort_order' => 'asc',
    'sort_by' => 'name',
    'title_key' => 'LBL_DW_COMMISSIONS',
    'get_subpanel_data' => 'dw_commissions_contacts',
    'top_buttons' => array(),
);
