<?php
$subpanel_layout = array(
    'top_buttons' => array(),
    'where' => '',
    'list_fields' => array(
        'name' => array('vname' => 'LBL_NAME', 'widget_class' => 'SubPanelDetailViewLink', 'width' => '25%'),
        'agent_name' => array('vname' => 'LBL_AGENT_NAME', 'width' => '15%'),
        'agent_role' => array('vname' => 'LBL_AGENT_ROLE', 'width' => '12%'),
        'commission_status' => array('vname' => 'LBL_COMMISSION_STATUS', 'width' => '8%'),
        'close_date' => array('vname' => 'LBL_CLOSE_DATE', 'width' => '10%'),
        'gci' => array('vname' => 'LBL_GCI', 'width' => '10%'),
        'company_dollar' => array('vname' => 'LBL_COMPANY_DOLLAR', 'width' => '10%'),
        'amount' => array('vname' => 'LBL_AMOUNT', 'width' => '10%'),
    ),
);
