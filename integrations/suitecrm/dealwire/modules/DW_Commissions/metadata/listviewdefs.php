<?php
$listViewDefs['DW_Commissions'] = array(
    'NAME' => array('width' => '25', 'label' => 'LBL_NAME', 'default' => true, 'link' => true),
    'AGENT_NAME' => array('width' => '15', 'label' => 'LBL_AGENT_NAME', 'default' => true),
    'AGENT_ROLE' => array('width' => '10', 'label' => 'LBL_AGENT_ROLE', 'default' => true),
    'COMMISSION_STATUS' => array('width' => '8', 'label' => 'LBL_COMMISSION_STATUS', 'default' => true),
    'CLOSE_DATE' => array('width' => '10', 'label' => 'LBL_CLOSE_DATE', 'default' => true),
    'GCI' => array('width' => '10', 'label' => 'LBL_GCI', 'default' => true),
    'AMOUNT' => array('width' => '10', 'label' => 'LBL_AMOUNT', 'default' => true),
    'DEAL_REFERENCE' => array('width' => '10', 'label' => 'LBL_DEAL_REFERENCE', 'default' => true),
    'SPLIT_PERCENT' => array('width' => '8', 'label' => 'LBL_SPLIT_PERCENT', 'default' => false),
    'COMPANY_DOLLAR' => array('width' => '10', 'label' => 'LBL_COMPANY_DOLLAR', 'default' => false),
    'FEES' => array('width' => '10', 'label' => 'LBL_FEES', 'default' => false),
    'PLAN' => array('width' => '15', 'label' => 'LBL_PLAN', 'default' => false),
);
