<?php
// Puts a panel "Dealwire" with the add-on's fields into the detail views of Opportunities and Contacts; run by setup.php.
//
// Not part of the package: what else stands in those views is the administrator's, and hosted SuiteCRM lets no package
// write files. The edit views stay as they are, because Dealwire writes over what people change in these fields.

/**
 * Adds the panel, or brings it up to date; everything else in the view stays.
 *
 * @param string $module Opportunities or Contacts
 * @param array $fields names of the fields to show
 * @return string the file that was written
 */
function dealwire_show_fields($module, array $fields)
{
    $custom = "custom/modules/$module/metadata/detailviewdefs.php";
    $viewdefs = array();
    include is_file($custom) ? $custom : "modules/$module/metadata/detailviewdefs.php";
    if (empty($viewdefs[$module]['DetailView']['panels'])) {
        throw new RuntimeException("the detail view of $module has no panels; add the fields in Admin > Studio");
    }
    $view = $viewdefs[$module]['DetailView'];
    $view['panels']['LBL_DW_PANEL'] = array_chunk($fields, 2);
    if (isset($view['templateMeta']['tabDefs'])) {
        $view['templateMeta']['tabDefs']['LBL_DW_PANEL'] = array('newTab' => true, 'panelDefault' => 'expanded');
    }
    if (!is_dir(dirname($custom))) {
        mkdir(dirname($custom), 0775, true);
    }
    file_put_contents($custom, "<?php\n\$viewdefs['$module']['DetailView'] = " . var_export($view, true) . ";\n", LOCK_EX);
    $cached = array("cache/modules/$module/DetailView.tpl");
    foreach (array_merge($cached, glob("cache/themes/*/modules/$module/DetailView*.tpl") ?: array()) as $template) {
        if (is_file($template)) {
            unlink($template);
        }
    }
    return $custom;
}
