<?php
$dictionary['DW_Commissions']['fields']['dw_commissions_opportunities'] = array(
    'name' => 'dw_commissions_opportunities',
    'type' => 'link',
    'relationship' => 'dw_commissions_opportunities',
    'source' => 'non-db',
    'module' => 'Opportunities',
    'bean_name' => 'Opportunity',
    'vname' => 'LBL_OPPORTUNITIES',
    'id_name' => 'dw_opp_ida',
);
$dictionary['DW_Commissions']['fields']['dw_commissions_opportunities_name'] = array(
    'name' => 'dw_commissions_opportunities_name',
    'type' => 'relate',
    'source' => 'non-db',
    'vname' => 'LBL_OPPORTUNITIES',
    'save' => true,
    'id_name' => 'dw_opp_ida',
    'link' => 'dw_commissions_opportunities',
    'table' => 'opportunities',
    'module' => 'Opportunities',
    'rname' => 'name',
);
$dictionary['DW_Commissions']['fields']['dw_opp_ida'] = array(
    'name' => 'dw_opp_ida',
    'type' => 'link',
    'relationship' => 'dw_commissions_opportunities',
    'source' => 'non-db',
    'reportable' => false,
    'side' => 'right',
    'vname' => 'LBL_OPPORTUNITIES',
);
