<?php
$layout_defs['Opportunities']['subpanel_setup']['dw_commissions_opportunities'] = array(
    'order' => 95,
    'module' => 'DW_Commissions',
    'subpanel_name' => 'default',
    'sort_order' => 'asc',
    'sort_by' => 'name',
    'title_key' => 'LBL_DW_COMMISSIONS',
    'get_subpanel_data' => 'dw_commissions_opportunities',
    'top_buttons' => array(),
);
